/** `files` of the registry (docs/trees.md, "Files of the host"): the same for users' entries, for prepared generations and for launches with mounts of their own. */
import * as assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { caseList, good } from './case.js';
import {
  base,
  bundle,
  chos,
  home,
  makeTree,
  registry,
  runtime,
  shell,
  shellLater,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('files: ');

const ANN = 1001;
/** What it says is told when it has ended. */
function begin(file: string, ...args: readonly string[]) {
  const child = spawn(file, args, { cwd: '/', env: { PATH: '/sbin:/bin', HOME: home } });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', data => {
      said += data;
    });
  const told = new Promise<string>(resolve => child.on('close', () => resolve(said)));
  return [child, told] as const;
}

const account = `ann:x:${ANN}:${ANN}:Ann:${home}:/bin/sh`;
const own = 'root:x:0:0:tree:/root:/bin/sh\nimage:x:1000:1000::/:/bin/sh\n';

/** Replaced, as useradd(8) and editors do. */
function hostFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { flag: 'wx', mode: 0o644 });
  renameSync(`${path}.new`, path);
}

const tree = (name: string, backEnd: string) => ({ path: `${base}/${name}`, backEnd });
const files = { '/etc/passwd': 'merge', '/etc/resolv.conf': 'host', '/etc/motd': `${home}/motd` };

function enter(name: string, script: string) {
  const who = ['setpriv', `--reuid=${ANN}`, `--regid=${ANN}`, '--clear-groups'];
  return spawnSync(who[0] ?? '', [...who.slice(1), `${dirname(runtime)}/chos`, name, 'sh', '-c', script], {
    encoding: 'utf8',
    cwd: '/',
    env: { PATH: '/bin', HOME: home },
    timeout: 20_000,
  });
}

test('before they are written a launch is refused, and tree check tells', () => {
  // Everything is there; links and missing places; read-only.
  for (const name of ['entire', 'linked']) makeTree(name, ['root']);
  for (const [name, text] of Object.entries({ passwd: own, 'resolv.conf': 'own\n', motd: 'own\n' }))
    writeFileSync(`${base}/entire/etc/${name}`, text);
  symlinkSync(`${home}/victim`, `${base}/linked/etc/resolv.conf`);
  writeFileSync(`${home}/victim`, 'victim\n');
  writeFileSync(`${home}/motd`, 'welcome\n');
  rmSync('/etc/resolv.conf', { force: true });
  writeFileSync('/etc/resolv.conf', 'nameserver 192.0.2.1\n', { flag: 'wx' });
  hostFile('/etc/passwd', `root:x:0:0:host:/root:/bin/bash\n${account}\n`);
  const trees = {
    entire: tree('entire', 'auto'),
    linked: tree('linked', 'auto'),
    bound: { ...tree('linked', 'private'), files: { '/etc/motd': 'tree' } },
    sealed: { ...tree('entire', 'auto'), readonly: true },
  };
  writeRegistry({ trees: registry.trees, shares: registry.shares, default: 'one' });
  writeRegistry({ trees, shares: [{ path: home }], files }, 'files.json');
  const words =
    /files\.json:\d+:\d+: files\["\/etc\/passwd"\] is not written down yet: run chos-runtime tree files, or tree prepare/;
  const refused = shell({ tree: 'bound' }, 'true');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, words);
  assert.match(chos('tree', 'check', 'entire').stdout, words);
  // Of a file that is not in its place it could not be.
  cpSync('/etc/chos.d/files.json', `${base}/files.json`);
  assert.match(good(chos('tree', 'check', `${base}/files.json`)), /note .*is not written down yet/);
});

const look = 'cat /etc/passwd /etc/resolv.conf; cat /etc/motd; id -un; echo x >/etc/resolv.conf';
const shown = (tail: string) => new RegExp(`^${tail}\\n${account}\\nnameserver 192.0.2.1\\n(welcome\\n)?`);

test('users, generations and launches with mounts of their own see them, and nobody can write them', () => {
  chos('tree', 'prepare', '--all');
  assert.match(good(chos('tree', 'list')), /entire@1/);
  for (const name of ['entire', 'linked', 'bound', 'sealed']) {
    const first =
      name === 'entire' || name === 'sealed'
        ? 'root:x:0:0:tree:/root:/bin/sh'
        : 'root:x:0:0:host:/root:/bin/bash';
    const asUser = enter(name, look);
    assert.match(asUser.stdout, shown(first), name);
    assert.match(asUser.stdout, /\nann\n$/, name);
    assert.match(asUser.stderr, /Read-only file system|Permission denied/, name);
    for (const wish of [{ tree: name }, { tree: name, own: true }]) {
      const launched = shell(wish, look);
      assert.match(launched.stdout, shown(first), `${name} ${JSON.stringify(wish)} ${launched.stderr}`);
      assert.match(launched.stdout, /\nroot\n$/, name);
      assert.match(launched.stderr, /Read-only file system/, name);
    }
  }
  assert.match(good(chos('explain', bundle({ tree: 'entire', args: ['true'] }))), /entire@1 is prepared/);
  assert.equal(readFileSync(`${base}/entire/etc/passwd`, 'utf8'), own);
  assert.equal(readFileSync(`${home}/victim`, 'utf8'), 'victim\n');
  assert.deepEqual(
    good(chos('tree', 'show', 'bound'))
      .match(/^file .*$/gm)
      ?.map(line => line.replace(/ +/g, ' ').trim()),
    ['file /etc/passwd (merge)', 'file /etc/resolv.conf (host)'],
  );
  // They are no shares, of which the host is asked.
  const listed: readonly { name: string; shares: readonly object[]; files: readonly object[] }[] = JSON.parse(
    good(chos('tree', 'list', '--format', 'json')),
  );
  const { shares, files: shownFiles } = listed.find(({ name }) => name === 'entire') ?? {};
  assert.equal(shares?.length, 1);
  assert.deepEqual(shownFiles, [
    { path: '/etc/passwd', how: 'merge', from: null },
    { path: '/etc/resolv.conf', how: 'host', from: null },
    { path: '/etc/motd', how: 'from', from: `${home}/motd` },
  ]);
});

test('tree files: who is inside sees the new ones, and no generation gets stale', async () => {
  const inside = shellLater({ tree: 'entire' }, 'echo in; read word; cat /etc/passwd /etc/motd');
  await inside.started;
  const user = spawn(
    `${dirname(runtime)}/chos`,
    ['bound', 'sh', '-c', 'echo in; read word; cat /etc/passwd'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: '/bin', HOME: home },
    },
  );
  let told = '';
  const ended = new Promise(resolve => user.on('close', resolve));
  await new Promise<void>(resolve =>
    user.stdout.on('data', data => {
      told += data;
      resolve();
    }),
  );
  hostFile('/etc/passwd', `${account}\nbob:x:1002:1002::/:/bin/sh\n`);
  writeFileSync(`${home}/motd`, 'bye\n');
  assert.match(good(chos('tree', 'files')), /^\d+ files of \d+ trees written\n$/);
  inside.go();
  user.stdin.end('\n');
  await ended;
  assert.equal(
    await inside.ended,
    `in\nroot:x:0:0:tree:/root:/bin/sh\n${account}\nbob:x:1002:1002::/:/bin/sh\nbye\n`,
  );
  assert.equal(told, `in\n${account}\nbob:x:1002:1002::/:/bin/sh\n`);
  assert.doesNotMatch(good(chos('tree', 'list')), /stale/);
});

test('a file that the host has not got: the tree’s own; one that a path names must be there', () => {
  rmSync('/etc/resolv.conf');
  assert.equal(good(chos('tree', 'files', 'entire')), '3 files of entire written\n');
  // By the entry program of before.
  assert.match(good(enter('entire', 'cat /etc/resolv.conf')), /^nameserver 192.0.2.1\n$/);
  good(chos('tree', 'prepare', 'entire'));
  assert.match(good(enter('entire', 'cat /etc/resolv.conf')), /^own\n$/);
  rmSync(`${home}/motd`);
  mkdirSync(`${home}/motd`);
  const { status, stderr } = chos('tree', 'prepare', 'entire');
  assert.equal(status, 1);
  assert.match(stderr, /files\["\/etc\/motd"\] is not a regular file of at most 16 MiB that can be read/);
  assert.match(chos('tree', 'check', 'entire').stdout, /files\["\/etc\/motd"\] is not a regular file/);
  assert.equal(good(enter('entire', 'cat /etc/motd')), 'bye\n');
});

/** That is the case, before `by` has ended. */
const until = async (there: () => boolean, by: ChildProcess): Promise<void> => {
  while (!there()) {
    assert.equal(by.exitCode ?? by.signalCode, null);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
};

test('who is on the way in while a file goes has it still', async () => {
  const [log, shown, list] = [`${base}/strace`, '/run/chos/files/bound', '/run/chos/trees'];
  const bound = { ...tree('linked', 'auto'), files: { '/etc/motd': `${home}/hello` } };
  cpSync('/etc/chos.d/files.json', `${base}/files.json`);
  writeRegistry({ trees: { bound } }, 'files.json');
  good(chos('tree', 'prepare', 'bound'));
  const trace = ['-qq', '-f', '-o', log, '-e', 'trace=unshare', '-e', 'inject=unshare:signal=SIGSTOP'];
  const command = [`${dirname(runtime)}/chos`, 'bound', 'cat', '/etc/motd'];
  const [coming, told] = begin('strace', ...trace, ...command);
  const stopped = (): string | undefined =>
    existsSync(log) ? /^(\d+) .*stopped by SIGSTOP/m.exec(readFileSync(log, 'utf8'))?.[1] : undefined;
  await until(() => stopped() !== undefined, coming);
  writeRegistry({ trees: { bound: { ...bound, files: {} } } }, 'files.json');
  const { ino } = statSync(list);
  const [preparing, prepared] = begin(runtime, '--cgroup-manager', 'disabled', 'tree', 'prepare', 'bound');
  await until(() => statSync(list).ino !== ino, preparing);
  // There is another program, and time to take away what only the former one shows.
  assert.match(good(chos('tree', 'list')), /bound/);
  assert.ok(existsSync(shown));
  process.kill(Number(stopped()), 'SIGCONT');
  assert.equal(await told, 'hello\n');
  assert.equal(coming.exitCode, 0);
  await prepared;
  assert.ok(!existsSync(shown));
  cpSync(`${base}/files.json`, '/etc/chos.d/files.json');
  good(chos('tree', 'prepare', 'bound'));
});

test('what is left behind goes with the registry', () => {
  for (const name of ['entire', 'linked', 'sealed']) chos('tree', 'release', name);
  writeRegistry({ trees: { entire: tree('entire', 'auto') } }, 'files.json');
  // Users enter it by the program that was compiled before, until there is another: a prepare that fails makes none.
  good(chos('tree', 'files', 'entire'));
  assert.equal(good(enter('entire', 'cat /etc/motd')), 'bye\n');
  writeRegistry(
    { trees: { entire: tree('entire', 'auto') }, shares: [{ path: `${base}/none` }] },
    'files.json',
  );
  assert.match(chos('tree', 'prepare', 'entire').stderr, /is not a directory that can be opened/);
  assert.equal(good(enter('entire', 'cat /etc/motd')), 'bye\n');
  writeRegistry({ trees: { entire: tree('entire', 'auto') } }, 'files.json');
  good(chos('tree', 'prepare', 'entire'));
  assert.equal(good(enter('entire', 'cat /etc/motd')), 'own\n');
  assert.ok(!existsSync('/run/chos/files/entire'));
  assert.ok(existsSync('/run/chos/files/linked'));
  chos('tree', 'prepare', '--all');
  for (const name of ['entire', ...Object.keys(registry.trees)]) chos('tree', 'release', name);
  assert.ok(!existsSync('/run/chos/files/linked'));
  assert.equal(statSync('/run/chos/files').mode & 0o7777, 0o755);
  rmSync('/etc/chos.d/files.json');
  writeRegistry(registry);
});

export const filesCases = cases;

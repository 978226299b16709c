/** `chos` (docs/chos.md) without the kernel module: what root's commands write for all, and users in trees. */
import * as assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { caseList, good } from './case.js';
import {
  home,
  makeTree,
  registry,
  runtime,
  chos as runtimeCommand,
  scratch,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('chos: ');

const command = `${dirname(runtime)}/chos`;
const place = '/run/chos';
const [ANN, BOB] = [1001, 1002];

const as = (uid: number): readonly string[] => [
  'setpriv',
  `--reuid=${uid}`,
  `--regid=${uid}`,
  '--clear-groups',
  '--',
];

interface Call {
  readonly uid?: number;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const variables = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: home };

function chos(
  args: readonly string[],
  { uid, cwd = home, environment = {} }: Call = {},
): SpawnSyncReturns<string> {
  const [file = '', ...rest] = [...(uid === undefined ? [] : as(uid)), command, ...args];
  return spawnSync(file, rest, {
    encoding: 'utf8',
    cwd,
    env: { ...variables, ...environment },
    input: '',
    timeout: 20_000,
  });
}

const prepareAll = (): void => void runtimeCommand('tree', 'prepare', '--all');
const mounts = (): number =>
  spawnSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' }).stdout.split('\n').length;

test('without what root prepares nobody enters anything', () => {
  rmSync(place, { recursive: true, force: true });
  const { status, stderr } = chos(['one', 'true'], { uid: ANN });
  assert.equal(status, 125);
  assert.equal(stderr, 'chos: no tree is prepared: root runs chos-runtime tree prepare, or tree load\n');
});

test('tree prepare NAME writes the list, and the entry program of that tree', () => {
  good(runtimeCommand('tree', 'prepare', 'one'));
  assert.equal(
    good(chos(['--list'], { uid: ANN })),
    '* one\n  two    (not prepared)\n  three  (not prepared)\n  must   (the registry demands the back end pinned, which users enter at login only)\n',
  );
  assert.equal(good(chos(['one', 'true'], { uid: ANN })), '');
  assert.match(chos(['must', 'true'], { uid: ANN }).stderr, /"must" is not entered: the registry demands/);
  const { status, stderr } = chos(['two', 'true'], { uid: ANN });
  assert.equal(status, 125);
  assert.equal(stderr, 'chos: tree "two" is not prepared: root runs chos-runtime tree prepare two\n');
});

test('a user is who it is, in the tree, in its directory, and leaves nothing', () => {
  prepareAll();
  const before = mounts();
  const script =
    'id -u; cat /etc/os-release hello; readlink /proc/self/cwd; echo $SITE $CHOS; grep CapEff /proc/self/status; exit 7';
  const { status, stdout, stderr } = chos(['one', 'sh', '-c', script], { uid: ANN });
  assert.equal(stderr, '');
  assert.deepEqual(stdout.trim().split('\n'), [
    String(ANN),
    'ID=one',
    'PRETTY_NAME="Tree one"',
    'hello',
    home,
    'here one',
    'CapEff:\t0000000000000000',
  ]);
  assert.equal(status, 7);
  assert.equal(mounts(), before);
});

test('what is read-only is so for users and for root, and no user gains a right', () => {
  const write = (uid: number | undefined) =>
    chos(['one', 'sh', '-c', `touch ${scratch}/x; touch /etc/x; mount -t tmpfs x /tmp; echo end`], {
      ...(uid === undefined ? {} : { uid }),
    });
  const user = write(ANN);
  assert.match(user.stderr, /scratch\/x: Read-only file system/);
  assert.match(user.stderr, /\/etc\/x: Permission denied/);
  assert.match(user.stderr, /permission denied|not permitted/i);
  assert.equal(user.stdout, 'end\n');
  assert.match(write(undefined).stderr, /scratch\/x: Read-only file system/);
  assert.ok(!existsSync(`${scratch}/x`));
});

test('two users in two trees at once, and a share that is mounted later', async () => {
  const [file = '', ...rest] = [
    ...as(ANN),
    command,
    'one',
    'sh',
    '-c',
    'echo ready; read word; cat /etc/os-release late/file',
  ];
  const ann = spawn(file, rest, { cwd: home, env: variables, stdio: ['pipe', 'pipe', 'inherit'] });
  let told = '';
  const ended = new Promise(resolve => ann.on('close', resolve));
  await new Promise<void>(resolve =>
    ann.stdout.on('data', data => {
      told += data;
      if (told.includes('ready')) resolve();
    }),
  );
  assert.match(good(chos(['three', 'cat', '/etc/os-release'], { uid: BOB })), /^ID=three/);
  mkdirSync(`${home}/late`, { recursive: true });
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'late', `${home}/late`]);
  writeFileSync(`${home}/late/file`, 'late\n');
  ann.stdin.end('go\n');
  await ended;
  spawnSync('umount', [`${home}/late`]);
  assert.equal(told, 'ready\nID=one\nPRETTY_NAME="Tree one"\nlate\n');
});

test('a tree that lacks places is entered by a skeleton', () => {
  const tree = makeTree('bare');
  rmSync(`${tree}/dev`, { recursive: true });
  writeRegistry({ ...registry, trees: { ...registry.trees, bare: { path: tree } } });
  prepareAll();
  const { status, stdout, stderr } = chos(
    ['bare', 'sh', '-c', 'cat /etc/os-release hello; echo x >/dev/null'],
    {
      uid: ANN,
    },
  );
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^ID=bare\n.*\nhello\n$/);
  writeRegistry(registry);
});

test('tree prepare NAME looks at no other tree', () => {
  const share = `${registry.trees.two.path}-share`;
  const trace = `${home}/trace`;
  mkdirSync(share, { recursive: true });
  const other = { path: registry.trees.two.path, shares: [{ path: share }] };
  writeRegistry({ ...registry, trees: { ...registry.trees, other } });
  const { status } = spawnSync('strace', [
    '-f',
    '-e',
    'trace=file',
    '-o',
    trace,
    runtime,
    'tree',
    'prepare',
    'one',
  ]);
  assert.equal(status, 0);
  const calls = readFileSync(trace, 'utf8').split('\n');
  assert.ok(calls.some(call => call.includes(registry.trees.one.path)));
  assert.deepEqual(
    calls.filter(call => call.includes(share) || call.includes(`"${other.path}`)),
    [],
  );
  rmSync(trace);
  writeRegistry(registry);
});

test('a share /run does not take along what is prepared', () => {
  const path = makeTree('with-run', ['run']);
  writeRegistry({
    ...registry,
    trees: { ...registry.trees, 'with-run': { path, shares: [{ path: '/run' }] } },
  });
  prepareAll();
  // The place is there, and the tmpfs on it is not.
  assert.equal(good(chos(['with-run', 'ls', '-A', '/run/chos-trees'], { cwd: '/' })), '');
  runtimeCommand('tree', 'release', 'with-run');
  writeRegistry(registry);
});

test('what the registry says counts after tree prepare', () => {
  const more = {
    ...registry,
    trees: { ...registry.trees, four: { path: registry.trees.three.path, description: 'A fourth' } },
    choices: [{ user: String(BOB), tree: 'four' }],
  };
  writeRegistry(more);
  assert.match(chos(['four', 'true'], { uid: ANN }).stderr, /there is no tree "four"/);
  prepareAll();
  assert.equal(good(chos(['--which'], { uid: BOB })), `four (the site's rule for user ${BOB})\n`);
  assert.equal(good(chos(['--which'], { uid: ANN })), 'one (default of the registry)\n');
  assert.match(good(chos(['--list'])), /^ {2}four +A fourth$/m);
  assert.match(good(chos(['--', 'cat', '/etc/os-release'], { uid: BOB })), /^ID=three/);
  writeRegistry(registry);
  prepareAll();
  assert.match(chos(['four', 'true'], { uid: BOB }).stderr, /there is no tree "four"/);
  assert.ok(!existsSync(`${place}/entries/four`));
});

test('a back end that the registry demands and no user can have is told', () => {
  const { status, stderr } = chos(['must', 'true'], { uid: ANN });
  assert.equal(status, 125);
  assert.equal(
    stderr,
    'chos: tree "must" is not entered: the registry demands the back end pinned, which users enter at login only\n',
  );
});

test('how a tree is entered can be read before', () => {
  const words = good(chos(['--explain', 'one'], { uid: ANN }));
  assert.match(words, /make a mount namespace, and for who is not root a user namespace.*\n.*open the tree/);
  assert.match(
    good(runtimeCommand('tree', 'entry', '--steps', 'one')),
    /unshare\(CLONE_NEWNS\|CLONE_NEWUSER\)/,
  );
  const { status, stderr } = runtimeCommand('tree', 'entry', 'must');
  assert.equal(status, 1);
  assert.match(stderr, /tree `must` has no entry program: the registry demands the back end pinned/);
});

test('all can read it, and root alone can write it, whatever the umask', () => {
  rmSync(place, { recursive: true });
  const before = process.umask(0o077);
  prepareAll();
  process.umask(before);
  const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);
  assert.deepEqual([place, `${place}/entries`].map(mode), ['755', '755']);
  assert.deepEqual([`${place}/trees`, `${place}/entries/one`].map(mode), ['644', '644']);
  assert.equal(good(chos(['one', 'true'], { uid: ANN })), '');
  for (const tree of ['one', 'two', 'three', 'must', 'bare', 'four']) runtimeCommand('tree', 'release', tree);
});

export const chosCases = cases;

/**
 * Whose word counts: symlinks that users may have put into registered paths lead nowhere, and no launch makes anything in a tree. Begins and ends with nothing
 * prepared.
 */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { bind, caseList, good } from './case.js';
import { base, bundle, chos, makeTree, newId, removeRegistry, shell, writeRegistry } from './machine.js';

const { cases, test } = caseList('untouched: ');

const USER = 1000;
const all = `${base}/H`;
const user = `${all}/u1`;
const project = `${user}/project`;

function own(path: string): void {
  lchownSync(path, USER, USER);
}

/** What the user does; the directory is kept aside. */
function replaceByLink(target: string): void {
  renameSync(project, `${user}/aside`);
  symlinkSync(target, project);
  own(project);
}

function putBack(): void {
  rmSync(project);
  renameSync(`${user}/aside`, project);
}

test("set up: shares /H and, below what is a user's, /H/u1/project", () => {
  mkdirSync(project, { recursive: true });
  for (const path of [user, project]) own(path);
  writeFileSync(`${project}/busybox`, "#!/bin/sh\necho the user's\n", { mode: 0o755 });
  writeFileSync(`${project}/mark`, 'project\n');
  const trees = { victim: { path: makeTree('victim') } };
  writeRegistry({ trees, shares: [{ path: all }, { path: project }] }, 'victim.json');
});

const run = (): ReturnType<typeof shell> =>
  shell({ tree: 'victim', own: true }, `cat ${project}/mark; ls /bin; ls /etc`);
const intact = (seen: string): void => {
  assert.match(seen, /busybox/);
  assert.match(seen, /os-release/);
};

test('a directory of a user is shown where it is', () => {
  assert.match(good(run()), /project[\s\S]*os-release/);
  good(chos('tree', 'prepare', 'victim'));
  assert.match(good(shell({ tree: 'victim' }, `cat ${project}/mark`)), /project/);
  good(chos('tree', 'release', 'victim'));
});

for (const target of ['/bin', '../../../../../bin', `${base}/victim/bin`, '/etc', 'aside'])
  test(`a symlink of a user's to ${target.replace(base, '')} is not followed, and check tells of it`, () => {
    replaceByLink(target);
    const words =
      /victim.json:\d+:\d+: shares\[1\].path leads through the symlink \S+\/project, which others than root may have put there \(\S+\/u1 belongs to user 1000\)/;
    const checked = chos('tree', 'check', 'victim');
    const prepared = chos('tree', 'prepare', 'victim');
    const ran = run();
    const skeleton = chos('skeleton', 'create', `${base}/chos`);
    putBack();
    assert.equal(checked.status, 1);
    assert.match(checked.stdout, words);
    for (const refused of [prepared, ran, skeleton]) {
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, words);
    }
    assert.ok(!existsSync(`${base}/chos`));
  });

test("nor one of root's below what is a user's: it may have been moved there", () => {
  renameSync(project, `${user}/aside`);
  symlinkSync('/bin', project);
  const checked = chos('tree', 'check', 'victim');
  putBack();
  assert.match(checked.stdout, /leads through the symlink/);
});

test('nor one on the way', () => {
  mkdirSync(`${user}/deep/project`, { recursive: true });
  for (const path of [`${user}/deep`, `${user}/deep/project`]) own(path);
  const trees = { victim: { path: `${base}/victim` } };
  writeRegistry({ trees, shares: [{ path: all }, { path: `${user}/deep/project` }] }, 'victim.json');
  good(chos('tree', 'check', 'victim'));
  renameSync(`${user}/deep`, `${user}/deep2`);
  symlinkSync('deep2', `${user}/deep`);
  own(`${user}/deep`);
  const checked = chos('tree', 'check', 'victim');
  assert.match(checked.stdout, /leads through the symlink \S+u1\/deep,/);
  rmSync(`${user}/deep`);
  writeRegistry({ trees, shares: [{ path: all }, { path: project }] }, 'victim.json');
});

test("root's symlinks are followed; one that leads out of the share in which it is, is a fault", () => {
  mkdirSync(`${base}/elsewhere`);
  mkdirSync(`${all}/inside`);
  writeFileSync(`${all}/inside/mark`, 'inside\n');
  symlinkSync('inside', `${all}/linked`);
  symlinkSync(`${base}/elsewhere`, `${all}/away`);
  const trees = { victim: { path: `${base}/victim` } };
  writeRegistry({ trees, shares: [{ path: all }, { path: `${all}/linked`, readonly: true }] }, 'victim.json');
  const look = `cat ${all}/linked/mark; touch ${all}/inside/x || echo sealed`;
  assert.match(good(shell({ tree: 'victim', own: true }, look)), /inside\nsealed/);
  good(chos('tree', 'prepare', 'victim'));
  assert.match(good(shell({ tree: 'victim' }, look)), /inside\nsealed/);
  good(chos('tree', 'release', 'victim'));
  writeRegistry({ trees, shares: [{ path: all }, { path: `${all}/away` }] }, 'victim.json');
  assert.match(
    chos('tree', 'check', 'victim').stdout,
    /shares\[1\].path is a symlink that leads out of its place/,
  );
  assert.equal(chos('tree', 'prepare', 'victim').status, 1);
  writeRegistry({ trees, shares: [{ path: all }, { path: project }] }, 'victim.json');
});

test('a link that appears after all was looked at makes the launch fail, and nothing else', () => {
  const directory = bundle({ tree: 'victim', own: true, args: ['sh', '-c', 'ls /bin'] });
  const executable = `${directory}/run`;
  good(chos('--cgroup-manager', 'disabled', 'compile', directory, '-o', executable));
  const start = () => spawnSync(executable, ['--id', newId()], { encoding: 'utf8' });
  intact(`${good(start())} os-release`);
  replaceByLink('/bin');
  const raced = start();
  putBack();
  assert.equal(raced.status, 1);
  assert.match(raced.stderr, /show \S+project of the host: Too many levels of symbolic links/);
});

test('however fast a user changes one for the other, /bin stays that of the tree', async () => {
  const script = `cd ${user}; while [ ! -e stop ]; do mv project aside; ln -s /bin project; rm project; mv aside project; done`;
  const racer = spawn(
    'setpriv',
    [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', 'sh', '-c', script],
    {
      stdio: 'ignore',
    },
  );
  const ended = new Promise(resolve => racer.on('close', resolve));
  let done = 0;
  for (let i = 0; i < 12; i++) {
    const prepared = chos('tree', 'prepare', 'victim');
    const ran = i % 2 === 0 ? run() : shell({ tree: 'victim' }, 'ls /bin /etc');
    if (ran.stdout !== '') intact(ran.stdout);
    done += prepared.status === 0 ? 1 : 0;
  }
  writeFileSync(`${user}/stop`, '');
  await ended;
  if (done > 0) good(chos('tree', 'release', 'victim'));
});

test("a tree behind a user's symlink is refused, and one below a user's directory is a fault", () => {
  mkdirSync(`${user}/trees`);
  own(`${user}/trees`);
  symlinkSync(`${base}/victim`, `${user}/trees/linked`);
  own(`${user}/trees/linked`);
  makeTree('H/u1/trees/below');
  const trees = { linked: { path: `${user}/trees/linked` }, below: { path: `${user}/trees/below` } };
  writeRegistry({ trees }, 'users.json');
  const start = chos('run', '-b', bundle({ tree: 'linked', args: ['true'] }), newId());
  assert.match(start.stderr, /trees.linked.path leads through the symlink/);
  assert.match(chos('tree', 'prepare', 'linked').stderr, /leads through the symlink/);
  assert.match(chos('tree', 'check').stdout, /below +fault +\S+\/u1 belongs to user 1000/);
  removeRegistry('users.json');
  rmSync(`${user}/trees`, { recursive: true });
});

/** Every name below a directory. */
const listing = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true }).map(String).sort();

for (const readonly of [false, true])
  for (const prepared of [false, true])
    test(`nothing is made in a tree that is ${readonly ? 'read-only' : 'writable'} and ${prepared ? '' : 'not '}prepared`, () => {
      const name = `bare-${readonly}-${prepared}`;
      const tree = makeTree(name);
      mkdirSync(`${tree}/opt`);
      symlinkSync('opt', `${tree}/link`);
      chownSync(`${tree}/opt`, 7, 8);
      rmdirSync(`${tree}/dev`);
      writeRegistry({ trees: { [name]: { path: tree, readonly } }, shares: [{ path: all }] }, 'bare.json');
      if (prepared) good(chos('tree', 'prepare', name));
      const before = listing(tree);
      writeFileSync(`${base}/hosts`, 'hosts\n');
      const mounts = [
        bind(`${base}/hosts`, '/etc/hosts', 'bind'),
        bind(all, '/data/deep', 'rbind'),
        { destination: '/link/tmp', type: 'tmpfs', source: 'tmpfs' },
        { destination: '/opt/new/../dots', type: 'tmpfs', source: 'tmpfs' },
      ];
      const look = `cat /etc/hosts /etc/os-release; ls -d /data/deep/u1 /link/tmp /opt/tmp ${all}/u1; ls -ldn /opt; touch /link/tmp/x`;
      for (const of of [[], mounts.slice(1, 2), mounts]) {
        const ran = shell({ tree: name, own: true, mounts: of }, of === mounts ? look : 'true');
        good(ran);
        if (of === mounts) assert.match(ran.stdout, /hosts\nID=[\s\S]*deep\/u1[\s\S]* 7 +8 /);
      }
      good(shell({ tree: name }, 'true'));
      assert.deepEqual(listing(tree), before);
      const explained = good(chos('explain', bundle({ tree: name, own: true, mounts, args: ['true'] })));
      assert.match(explained, prepared ? /back end pinned/ : /back end private/);
      assert.match(
        explained,
        prepared ? /make \/etc a skeleton +the tree has no \/etc\/hosts/ : /make the file \/etc\/hosts/,
      );
      if (prepared) good(chos('tree', 'release', name));
      removeRegistry('bare.json');
    });

test('a working directory that is missing is not made, and devices are in /dev only', () => {
  const file = (change: object): string => {
    const directory = bundle({ tree: 'victim', own: true, args: ['true'] });
    const config = JSON.parse(good(spawnSync('cat', [`${directory}/config.json`], { encoding: 'utf8' })));
    writeFileSync(
      `${directory}/config.json`,
      JSON.stringify({
        ...config,
        ...change,
        process: { ...config.process, ...(change as { process?: object }).process },
      }),
    );
    return directory;
  };
  const before = listing(`${base}/victim`);
  const missing = chos('run', '-b', file({ process: { cwd: '/new/directory' } }), newId());
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /\/new\/directory.*No such file/);
  const linux = {
    namespaces: [{ type: 'mount' }],
    devices: [{ path: '/opt/null', type: 'c', major: 1, minor: 3 }],
  };
  assert.match(
    chos('run', '-b', file({ linux }), newId()).stderr,
    /make device `\/opt\/null`: in an environment devices are in \/dev only/,
  );
  assert.deepEqual(listing(`${base}/victim`), before);
});

test('a tree that must be pinned is refused where something would be made in it', () => {
  writeRegistry({ trees: { strict: { path: `${base}/victim`, backEnd: 'pinned' } } }, 'strict.json');
  good(chos('tree', 'prepare', 'strict'));
  const mounts = [bind(all, '/new', 'rbind')];
  const ran = shell({ tree: 'strict', own: true, mounts }, 'true');
  good(chos('tree', 'release', 'strict'));
  removeRegistry('strict.json');
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /with the back end pinned: the tree has no \/new for mounts\[0\]/);
});

test('a read-only tree that root.path alone chooses is not written to either', () => {
  const trees = { quiet: { path: makeTree('quiet'), readonly: true } };
  writeRegistry({ trees }, 'quiet.json');
  const before = listing(`${base}/quiet`);
  const wish = { root: `${base}/quiet`, own: true, mounts: [bind(all, '/data', 'rbind')] };
  const ran = shell(wish, 'ls /data; touch /x /etc/x; mkdir /bin/y; true');
  removeRegistry('quiet.json');
  assert.match(good(ran), /u1/);
  assert.match(ran.stderr, /Read-only/);
  assert.deepEqual(listing(`${base}/quiet`), before);
});

test('clean up', () => {
  removeRegistry('victim.json');
  rmSync(all, { recursive: true });
});

export { cases as untouchedCases };

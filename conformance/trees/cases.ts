/** What must hold of environments, by observation from inside and outside. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { bind, caseList, good } from './case.js';
import {
  base,
  bundle,
  chos,
  chosLater,
  current,
  home,
  hostMounts,
  makeTree,
  newId,
  pins,
  type Ran,
  registry,
  removeRegistry,
  runtime,
  scratch,
  shell,
  sleeping,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList();

const mountCalls = /\b(mount|move_mount|open_tree|fsmount|umount2|pivot_root|mount_setattr)\(/;

test('a tree that is not prepared is started by private, and explain says why', () => {
  const directory = bundle({ tree: 'three', args: ['true'] });
  assert.match(
    good(chos('explain', directory)),
    /back end private: not prepared: run chos-runtime tree prepare three/,
  );
  const seen = good(shell({ tree: 'three' }, `cat /etc/os-release ${home}/hello; echo $SITE`));
  assert.match(seen, /ID=three[\s\S]*hello[\s\S]*here/);
});

test('a tree that must be pinned is refused while it is not prepared', () => {
  const ran = chos('run', '-b', bundle({ tree: 'must', args: ['true'] }), newId());
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /start tree `must` with the back end pinned: not prepared/);
});

test('list, show and check tell of the trees', () => {
  assert.match(good(chos('tree', 'list')), /one \* +Tree one .*\/one +2 +auto +-/);
  assert.equal(JSON.parse(good(chos('tree', 'list', '--format', 'json'))).length, 4);
  assert.match(good(chos('tree', 'show', 'one')), new RegExp(`share +${scratch} \\(read-only\\)`));
  const checked = chos('tree', 'check');
  assert.equal(checked.status, 1);
  assert.match(checked.stdout, /one +note +its root will be a skeleton/);
  assert.match(checked.stdout, /must +fault +.*back end pinned, which cannot be used: not prepared/);
});

test('prepare pins an environment in a tmpfs that is private to us', () => {
  assert.match(
    good(chos('tree', 'prepare', 'one')),
    /^one@\d+ is prepared: 2 shares, its root is a skeleton/,
  );
  assert.match(good(chos('tree', 'prepare', 'two')), /^two@\d+ is prepared: 0 shares, the tree is its root/);
  const [carrier, tmpfs] = hostMounts().filter(line => line.includes(` ${pins} `));
  assert.match(carrier ?? '', / ro,.* - tmpfs .*mode=555/);
  assert.doesNotMatch(carrier ?? '', /shared:/);
  assert.match(tmpfs ?? '', /unbindable - tmpfs .*mode=700/);
  assert.equal(good(chos('list', '-q')), '');
});

test('a launch without a mount namespace makes no mount: it sees the very mounts of the environment', () => {
  const before = hostMounts();
  const seen = good(shell({ tree: 'one' }, 'cat /proc/self/mountinfo'));
  assert.equal(seen, readFileSync(`${pins}/${current('one')}.mounts`, 'utf8'));
  assert.deepEqual(hostMounts(), before);
});

test('no process of such a launch makes a mount call', () => {
  if (spawnSync('strace', ['-V']).status !== 0) return 'no strace';
  const log = `${base}/strace`;
  const directory = bundle({ tree: 'one', args: ['true'] });
  const executable = `${directory}/run`;
  good(chos('--cgroup-manager', 'disabled', 'compile', directory, '-o', executable));
  const ran = spawnSync('strace', ['-f', '-o', log, executable, '--id', newId()], { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  const lines = readFileSync(log, 'utf8').split('\n');
  assert.deepEqual(
    lines.filter(line => mountCalls.test(line)),
    [],
  );
  assert.equal(lines.filter(line => line.includes('setns(')).length, 1);
  return undefined;
});

test('two containers in two trees see their own /etc', () => {
  const [one, two] = [sleeping({ tree: 'one' }), sleeping({ tree: 'two' })];
  assert.match(good(chos('exec', one, 'cat', '/etc/os-release')), /ID=one/);
  assert.match(good(chos('exec', two, 'cat', '/etc/os-release')), /ID=two/);
  assert.notEqual(chos('exec', two, 'cat', `${home}/hello`).status, 0);
  for (const id of [one, two]) good(chos('delete', '--force', id));
});

for (const own of [false, true])
  test(`a share that the host mounts later shows up inside (${own ? 'own' : 'no'} mount namespace)`, () => {
    const id = sleeping({ tree: 'one', own });
    const place = `${home}/late-${own}`;
    mkdirSync(place);
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'late', place]).status, 0);
    writeFileSync(`${place}/file`, 'late\n');
    assert.equal(good(chos('exec', id, 'cat', `${place}/file`)), 'late\n');
    assert.equal(spawnSync('umount', [place]).status, 0);
    assert.notEqual(chos('exec', id, 'cat', `${place}/file`).status, 0);
    good(chos('delete', '--force', id));
  });

test('a share that is read-only is so inside, and the others are not', () => {
  assert.notEqual(shell({ tree: 'one' }, `touch ${scratch}/x`).status, 0);
  good(shell({ tree: 'one' }, `touch ${home}/x`));
  assert.ok(existsSync(`${home}/x`));
});

test('a mount namespace of its own is a copy of the environment, not of the host', () => {
  const seen = good(
    shell({ tree: 'one', own: true, mounts: [bind(base, '/data', 'rbind')] }, 'cat /proc/self/mountinfo'),
  );
  assert.match(seen, / \/data .*master:/);
  assert.doesNotMatch(seen, /nsfs/);
  assert.equal(hostMounts().filter(line => line.includes(' /data ')).length, 0);
});

test('CAP_SYS_ADMIN gets a copy: what it unmounts is still there for others', () => {
  const witness = sleeping({ tree: 'one' });
  const capabilities = ['CAP_SYS_ADMIN'];
  const directory = bundle({ tree: 'one', args: ['true'], capabilities });
  assert.match(good(chos('explain', directory)), /take a copy of one@\d+, because CAP_SYS_ADMIN/);
  good(shell({ tree: 'one', capabilities }, `umount ${home} && umount -l /sys`));
  assert.equal(good(chos('exec', witness, 'cat', `${home}/hello`)), 'hello\n');
  assert.match(good(chos('exec', witness, 'ls', '/sys')), /kernel/);
  good(chos('delete', '--force', witness));
});

test("unmounting a container's own /dev does not bring that of the host to light", () => {
  const dev = { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] };
  const seen = good(
    shell(
      { tree: 'one', own: true, mounts: [dev], capabilities: ['CAP_SYS_ADMIN'] },
      'umount -l /dev && ls /dev',
    ),
  );
  assert.equal(seen, '');
});

test('the root and the directories of the tree are read-only if that is asked for, shares are not', () => {
  const wish = { tree: 'one', own: true, readonly: true };
  assert.notEqual(shell(wish, 'touch /etc/x').status, 0);
  assert.notEqual(shell(wish, 'touch /x').status, 0);
  good(shell(wish, `touch ${home}/y`));
});

test('nor are mounts of config.json over the root or the directories of a tree that is read-only', () => {
  const fresh = (destination: string) => ({ destination, type: 'tmpfs', source: 'tmpfs' });
  const mounts = [fresh('/tmp'), fresh('/etc/new'), bind(home, '/data')];
  const wish = { tree: 'one', own: true, readonly: true, mounts };
  good(shell(wish, 'touch /tmp/x /etc/new/x /data/x'));
  for (const place of ['/etc/x', '/x', '/bin/x'])
    assert.match(shell(wish, `touch ${place}`).stderr, /Read-only file system/, place);
});

test('devices are those of the host: what is asked for is there, or is missed', () => {
  const asked = (...devices: readonly object[]): Ran => {
    const directory = bundle({ tree: 'one', own: true, args: ['sh', '-c', 'ls /dev'] });
    const config = JSON.parse(readFileSync(`${directory}/config.json`, 'utf8'));
    config.linux.devices = devices;
    writeFileSync(`${directory}/config.json`, JSON.stringify(config, null, 1));
    return chos('run', '-b', directory, newId());
  };
  const device = (path: string, minor: number) => ({ path, type: 'c', major: 1, minor });
  good(asked(device('/dev/full', 7), device('/dev//zero', 5)));
  const where = 'is not in the /dev that the environment shows, the host’s';
  for (const wrong of [
    device('/dev/no-such', 3),
    device('/dev/no/such', 3),
    device('/dev/zero/such', 3),
    device('/dev/full', 3),
    { ...device('/dev/full', 7), type: 'b' },
    { path: '/dev/full', type: 'p' },
  ]) {
    const ran = asked(wrong);
    assert.equal(ran.status, 1);
    assert.match(
      ran.stderr,
      new RegExp(
        `device ${wrong.path} .* is not made: it ${where} \\(config.json:\\d+ linux.devices\\[0\\]\\)`,
      ),
    );
  }
});

for (const pinned of [true, false])
  test(`a bind of / does not take the pins along (${pinned ? 'in a tree' : 'ordinary bundle'})`, () => {
    const wish = pinned ? { tree: 'one' } : { root: makeTree('plain', ['host']) };
    const mounts = [
      bind('/', '/host', 'rbind', 'rslave'),
      { destination: '/proc', type: 'proc', source: 'proc' },
    ];
    const seen = good(shell({ ...wish, own: true, mounts }, 'cat /proc/self/mountinfo; ls /host/etc'));
    assert.match(seen, /os-release|passwd/);
    assert.doesNotMatch(seen, /nsfs/);
  });

test('a program for an older generation says that it must be compiled again', () => {
  const directory = bundle({ tree: 'two', args: ['true'] });
  const executable = `${directory}/run`;
  good(chos('compile', directory, '-o', executable));
  good(spawnSync(executable, ['--id', newId()], { encoding: 'utf8' }));
  good(chos('tree', 'prepare', 'two'));
  const stale = spawnSync(executable, ['--id', newId()], { encoding: 'utf8' });
  assert.equal(stale.status, 1);
  assert.match(stale.stderr, /start in two@\d+: it was released or prepared anew; compile again/);
});

test('from another mount namespace the environment is not used', () => {
  const directory = bundle({ tree: 'one', args: ['true'] });
  const ran = spawnSync('unshare', ['-m', runtime, 'explain', directory], { encoding: 'utf8' });
  assert.match(good(ran), /back end private: this mount namespace or root is not the one/);
});

test('prepare from another mount namespace works in that of process 1', () => {
  const script = `mount -t tmpfs none ${home} && ${runtime} tree prepare one`;
  good(spawnSync('unshare', ['-m', 'sh', '-c', script], { encoding: 'utf8' }));
  assert.equal(good(shell({ tree: 'one' }, `cat ${home}/hello`)), 'hello\n');
});

test('preparing the same tree several times at the same moment is safe', async () => {
  const all = await Promise.all([1, 2, 3, 4].map(() => chosLater('tree', 'prepare', 'two').ended));
  for (const { code, text } of all) assert.equal(code, 0, text);
  good(shell({ tree: 'two' }, 'true'));
  for (const name of readdirSync(pins).filter(file => /^two@\d+$/.test(file)))
    assert.ok(existsSync(`${pins}/${name}.json`), `${name} is finished`);
});

test('what a killed prepare left is cleared away', () => {
  const next = Number(/\d+$/.exec(current('two'))?.[0]) + 1;
  writeFileSync(`${pins}/two@${next}`, '');
  good(chos('tree', 'prepare', 'two'));
  assert.equal(current('two'), `two@${next}`);
  good(shell({ tree: 'two' }, 'true'));
});

test('hooks that need the root before it is entered get private', () => {
  const directory = bundle({ tree: 'one', args: ['true'] });
  const file = `${directory}/config.json`;
  const config = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...config, hooks: { createContainer: [{ path: '/bin/true' }] } }));
  assert.match(good(chos('explain', directory)), /back end private: createContainer hooks/);
  good(chos('run', '-b', directory, newId()));
});

test('root.path alone selects a tree without its shares', () => {
  const ran = shell({ root: `${base}/one`, own: true }, `ls /etc && cat ${home}/hello`);
  assert.match(ran.stdout, /os-release/);
  assert.notEqual(ran.status, 0);
  const directory = bundle({ root: `${base}/./one`, own: true, args: ['true'] });
  assert.match(good(chos('explain', directory)), /use tree one \(root.path\), back end private/);
});

test('hooks and variables of the registry are for every launch; exec has the variables too', () => {
  const hook = `${base}/hook`;
  writeFileSync(hook, `#!/bin/sh\ncat >${base}/hook-said\n`, { mode: 0o755 });
  const trees = {
    hooked: { path: `${base}/two`, env: ['SITE=hooked'], hooks: { createRuntime: [{ path: hook }] } },
  };
  writeRegistry({ trees, elide: 'strict' }, 'hooked.json');
  const id = sleeping({ tree: 'hooked' });
  assert.match(readFileSync(`${base}/hook-said`, 'utf8'), new RegExp(`"id": *"${id}"`));
  assert.equal(good(chos('exec', id, 'sh', '-c', 'echo $SITE')), 'hooked\n');
  good(chos('delete', '--force', id));
  const explained = good(chos('explain', bundle({ tree: 'hooked', args: ['true'] })));
  assert.match(
    explained,
    /run createRuntime hook \S+hook +hooked.json:\d+ trees.hooked.hooks.createRuntime\[0\]/,
  );
  writeRegistry(
    { trees: { hooked: { path: `${base}/two`, hooks: { createContainer: [] } } } },
    'hooked.json',
  );
  assert.match(chos('tree', 'list').stderr, /createContainer is not a property/);
  removeRegistry('hooked.json');
});

test('spec --tree writes the bundle that needs no mount', () => {
  const directory = `${base}/specified`;
  mkdirSync(directory);
  good(chos('spec', '--tree', 'one', '-b', directory));
  assert.match(
    good(chos('explain', directory, '--format', 'text')),
    /without a mount[\s\S]*, 0 mounts at most/,
  );
});

test('a changed registry is noticed: private until it is prepared again', () => {
  const directory = bundle({ tree: 'one', args: ['true'] });
  writeRegistry({ ...registry, shares: [{ path: home }] });
  assert.match(good(chos('explain', directory)), /back end private: the registry has changed since one@\d+/);
  writeRegistry(registry);
});

export { cases };

/** The skeleton of all trees, without the kernel module: what is mounted and made on the host, observed from there. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { caseList, good } from './case.js';
import {
  base,
  bundle,
  chos,
  chosLater,
  home,
  hostMounts,
  pins,
  type Ran,
  registry,
  runtime,
  scratch,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('skeleton: ');
const place = `${base}/chos`;
const skeleton = (...args: readonly string[]): Ran => chos('skeleton', ...args, place);
const mountsBelow = (path: string): readonly string[] =>
  hostMounts()
    .map(line => line.split(' ')[4] ?? '')
    .filter(point => point === path || point.startsWith(`${path}/`));
const mountLine = (point: string): string =>
  hostMounts().findLast(line => line.split(' ')[4] === point) ?? '';

test('there is none to check or to remove', () => {
  assert.match(skeleton('check').stderr, /there is no skeleton/);
  assert.match(skeleton('remove').stderr, /there is no skeleton/);
  assert.match(chos('skeleton', 'create', 'chos').stderr, /give an absolute path/);
  assert.match(chos('skeleton', 'create', '/a/../b').stderr, /give an absolute path/);
  assert.match(chos('skeleton', 'make').stderr, /unknown action `make` of `skeleton`/);
  assert.match(chos('skeleton', 'crate').stderr, /`create`/);
});

test("a place that is somebody else's is refused", () => {
  mkdirSync(`${base}/full/x`, { recursive: true });
  assert.match(chos('skeleton', 'create', `${base}/full`).stderr, /there is something in that directory/);
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'other', `${base}/full`]).status, 0);
  assert.match(chos('skeleton', 'create', `${base}/full`).stderr, /something else is mounted there/);
  spawnSync('umount', [`${base}/full`]);
});

test('so is one that a user could move', () => {
  mkdirSync(`${base}/users`);
  chownSync(`${base}/users`, 1000, 1000);
  assert.match(
    chos('skeleton', 'create', `${base}/users/chos`).stderr,
    /a directory that others than root can change/,
  );
  rmSync(`${base}/users`, { recursive: true });
});

test("create mounts it: links for what is the tree's, the host's own mounts for the rest", () => {
  assert.match(good(skeleton('create')), /chos is made: 3 trees, 2 shares, \d+ mounts for all/);
  assert.equal(readlinkSync(`${place}/etc`), '/proc/chos/link/etc');
  assert.equal(readlinkSync(`${place}/bin`), '/proc/chos/link/bin');
  assert.equal(readFileSync(`${place}${home}/hello`, 'utf8'), 'hello\n');
  assert.ok(existsSync(`${place}/proc/self/status`));
  // The directory of the trees would hide nothing, but it is a directory of the test that also holds the shares.
  assert.match(readFileSync(`${place}${base}/one/etc/os-release`, 'utf8'), /ID=one/);
  assert.match(good(skeleton('check')), /note/);
});

test('everything that is mounted in it follows the host, and nothing goes back', () => {
  for (const point of [home, '/sys', '/dev'])
    assert.match(mountLine(`${place}${point}`), /master:\d+/, point);
  assert.doesNotMatch(mountLine(place), /shared:/);
  assert.match(mountLine(`${place}${scratch}`).split(' ')[5] ?? '', /^ro/);
  mkdirSync(`${home}/late`);
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'late', `${home}/late`]).status, 0);
  writeFileSync(`${home}/late/file`, 'late');
  assert.equal(readFileSync(`${place}${home}/late/file`, 'utf8'), 'late');
  assert.equal(spawnSync('umount', [`${home}/late`]).status, 0);
  assert.ok(!existsSync(`${place}${home}/late/file`));
});

test('nobody can write to it', () => {
  assert.throws(() => mkdirSync(`${place}/mine`), /EROFS/);
  assert.throws(() => rmSync(`${place}/etc`), /EROFS/);
});

test('create once more changes nothing', () => {
  const before = hostMounts();
  assert.match(good(skeleton('create')), /is as the registry asks for/);
  assert.deepEqual(hostMounts(), before);
});

test('a namespace that holds nothing else is pinned', () => {
  const [pin] = readdirSync(pins).filter(file => /chos@\d+$/.test(file));
  const seen = spawnSync('nsenter', [`--mount=${pins}/${pin}`, '/bin/sh', '-c', 'true'], {
    encoding: 'utf8',
  });
  // No tree, no link: there is no shell.
  assert.notEqual(seen.status, 0);
  const mounts = readFileSync(`${pins}/${pin}.mounts`, 'utf8');
  assert.match(mounts, new RegExp(` ${home} .*master:`));
  assert.doesNotMatch(mounts, /nsfs/);
  // Of the directory that holds the trees the place of the skeleton is a part here: the carrier, which is empty, shows in that, and nowhere else.
  for (const line of mounts.split('\n').filter(one => one.includes('chos-carrier')))
    assert.ok(line.includes(` ${place} `), line);
});

test('check tells each deviation, create puts it right under who is inside', async () => {
  const inside = spawn(
    'chroot',
    [
      place,
      `${base}/one/bin/busybox`,
      'sh',
      '-c',
      `echo in; read x; cat ${base}/new/file; ${base}/one/bin/busybox readlink /opt`,
    ],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let said = '';
  inside.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  while (!said.includes('in')) await new Promise(resolve => setImmediate(resolve));
  mkdirSync(`${base}/new`);
  writeFileSync(`${base}/new/file`, 'new\n');
  mkdirSync(`${base}/two/opt`);
  writeRegistry({ ...registry, shares: [...registry.shares, { path: `${base}/new` }, { path: '/srv' }] });
  mkdirSync('/srv', { recursive: true });
  spawnSync('umount', ['-l', `${place}${home}`]);
  const told = skeleton('check');
  assert.equal(told.status, 1);
  for (const what of [
    /new: is not mounted/,
    /home: is not mounted/,
    /\/opt: the link is missing/,
    /its record/,
  ])
    assert.match(told.stdout, what);
  assert.match(good(skeleton('create')), /is changed/);
  assert.match(readFileSync(`${place}${home}/hello`, 'utf8'), /hello/);
  inside.stdin.end('\n');
  await new Promise(resolve => inside.on('close', resolve));
  assert.match(said, /new\n.*link\/opt/);
  assert.doesNotMatch(skeleton('check').stdout, /fault/);
});

/** On the machine itself: another run of these cases may be at work. */
const share = `/var/chos-share-${process.pid}`;

test('a link becomes a directory when a share comes to be below it, and stays one', () => {
  for (const tree of ['one', 'two', 'three']) mkdirSync(`${base}/${tree}/var/lib`, { recursive: true });
  good(skeleton('create'));
  assert.equal(readlinkSync(`${place}/var`), '/proc/chos/link/var');
  mkdirSync(share, { recursive: true });
  writeRegistry({ ...registry, shares: [...registry.shares, { path: share }] });
  assert.match(skeleton('check').stdout, /\/var: is a link, and must be a directory/);
  good(skeleton('create'));
  assert.ok(lstatSync(`${place}/var`).isDirectory());
  assert.equal(readlinkSync(`${place}/var/lib`), '/proc/chos/link/var/lib');
  assert.equal(mountsBelow(place + share).length, 1);
  writeRegistry(registry);
  assert.match(skeleton('check').stdout, /chos-share-\d+: is mounted, and not asked for any more/);
  good(skeleton('create'));
  assert.equal(mountsBelow(place + share).length, 0);
  assert.doesNotMatch(skeleton('check').stdout, /fault/);
  rmSync(share, { recursive: true });
});

/** What `check` tells as faults, and `create` puts right. */
function repaired(told: RegExp): void {
  const before = skeleton('check');
  assert.equal(before.status, 1, before.stdout);
  assert.match(before.stdout, told);
  assert.match(good(skeleton('create')), /is changed/);
  assert.doesNotMatch(skeleton('check').stdout, /fault/);
}
const optionsAt = (point: string): string => mountLine(point).split(' ')[5] ?? '';
const mounted = (...args: readonly string[]): void => {
  good(spawnSync('mount', args, { encoding: 'utf8' }));
};

/** Shares that are mounts of the host's, beside the trees. */
const [live, sealed] = ['/srv/chos-live', '/srv/chos-sealed'];

test('shares that are mounts of their own', () => {
  for (const share of [live, sealed]) {
    mkdirSync(share, { recursive: true });
    mounted('-t', 'tmpfs', 'share', share);
    mounted('--make-shared', share);
  }
  const shares = [...registry.shares, { path: live }, { path: sealed, readonly: true }];
  writeRegistry({ ...registry, shares });
  good(skeleton('create'));
  assert.doesNotMatch(skeleton('check').stdout, /fault/);
});

test('mount options that the host has changed are changed in it, in the same mount', () => {
  const at = `${place}${live}`;
  const id = mountLine(at).split(' ')[0];
  for (const option of ['nosuid', 'nodev', 'noexec', 'ro']) {
    mounted('-o', `remount,bind,${option}`, live);
    repaired(new RegExp(`live: has the mount options rw,.*, not .*${option}.* as on the host`));
    assert.match(optionsAt(at), new RegExp(`\\b${option}\\b`));
    assert.equal(optionsAt(at), optionsAt(live));
    mounted('-o', 'remount,bind,rw,suid,dev,exec,relatime', live);
    repaired(/live: has the mount options .*, not rw,relatime as on the host/);
    assert.equal(optionsAt(at), optionsAt(live));
  }
  assert.equal(mountLine(at).split(' ')[0], id);
  assert.match(mountLine(at), /master:/);
});

test('so are those below shares, read-only ones too', () => {
  for (const share of [live, sealed]) mkdirSync(`${share}/below`);
  for (const share of [live, sealed]) mounted('-t', 'tmpfs', 'below', `${share}/below`);
  // What comes below a read-only share later does not arrive.
  good(skeleton('remove'));
  good(skeleton('create'));
  mounted('-o', 'remount,bind,ro,nosuid', `${live}/below`);
  mounted('-o', 'remount,bind,noexec', `${sealed}/below`);
  repaired(/live\/below: has the mount options .*\n.*sealed\/below: has the mount options/);
  assert.match(optionsAt(`${place}${live}/below`), /^ro,nosuid/);
  assert.match(optionsAt(`${place}${sealed}/below`), /^ro,noexec/);
  spawnSync('umount', [`${live}/below`]);
  assert.equal(mountsBelow(`${place}${live}`).length, 1);
  spawnSync('umount', [`${sealed}/below`]);
  repaired(/sealed: shows a mount below it that the host has not/);
  for (const share of [live, sealed]) rmSync(`${share}/below`, { recursive: true });
});

test('where files are open for writing, what becomes read-only is mounted anew, and follows the host', () => {
  const file = openSync(`${place}${live}/written`, 'w');
  mounted('-o', 'remount,bind,ro', live);
  repaired(/live: has the mount options/);
  assert.match(optionsAt(`${place}${live}`), /^ro/);
  assert.match(mountLine(`${place}${live}`), /master:/);
  assert.equal(mountsBelow(`${place}${live}`).length, 1);
  assert.throws(() => openSync(`${place}${live}/more`, 'w'), /EROFS/);
  writeFileSync(file, 'still');
  closeSync(file);
  mounted('-o', 'remount,bind,rw', live);
  repaired(/live: has the mount options/);
  assert.equal(readFileSync(`${place}${live}/written`, 'utf8'), 'still');
  rmSync(`${live}/written`);
});

test('a share that the host has made private', () => {
  // Another one of its peer group keeps the group alive.
  mounted('--bind', live, `${base}/full`);
  mounted('--make-private', live);
  repaired(/live: does not follow the host's mount/);
  assert.doesNotMatch(mountLine(`${place}${live}`), /master:/);
  spawnSync('umount', [`${base}/full`]);
  mounted('--make-shared', live);
  repaired(/live: does not follow the host's mount/);
  assert.match(mountLine(`${place}${live}`), /master:/);
  good(skeleton('remove'));
  for (const share of [live, sealed]) {
    spawnSync('umount', [share]);
    rmSync(share, { recursive: true });
  }
  writeRegistry(registry);
  good(skeleton('create'));
});

test('what a site mounts in it itself stays', () => {
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'site', `${place}/sys/fs/cgroup`]).status, 0);
  good(skeleton('create'));
  assert.match(mountLine(`${place}/sys/fs/cgroup`), /- tmpfs site/);
  spawnSync('umount', [`${place}/sys/fs/cgroup`]);
});

test('several at the same moment, and one that was killed', async () => {
  good(skeleton('remove'));
  assert.equal(mountsBelow(place).length, 0);
  const all = await Promise.all([1, 2, 3].map(() => chosLater('skeleton', 'create', place).ended));
  assert.ok(
    all.some(({ code }) => code === 0),
    all.map(({ text }) => text).join(),
  );
  good(skeleton('create'));
  assert.doesNotMatch(skeleton('check').stdout, /fault/);
  good(skeleton('remove'));
  assert.equal(mountsBelow(place).length, 0);
  // What a create leaves that is killed in the middle: something aside, and an unfinished mount on the place.
  mkdirSync(pins, { recursive: true });
  mkdirSync(`${pins}/stage`, { recursive: true });
  mkdirSync(place, { recursive: true });
  spawnSync('mount', ['-t', 'tmpfs', 'chos-carrier', place]);
  good(skeleton('create'));
  assert.equal(mountsBelow(place).filter(point => point === place).length, 2);
});

for (const [verb, track, stride] of [
  ['create', 'host', 9],
  ['create', 'maker', 3],
  ['remove', 'host', 7],
] as const)
  test(`killed in the middle of ${verb} (${track}), the next command finds its way`, () => {
    const debug = `${runtime}-debug`;
    if (!existsSync(debug)) return 'no debug engine';
    for (let step = 1; ; step += stride) {
      if (verb === 'remove') good(skeleton('create'));
      const stopped = spawnSync(debug, ['skeleton', verb, place], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, CHOS_STOP: `${track}:${step}` },
      });
      // Either way on: what was being made is completed, what was being taken away is made anew, or gone.
      if (stopped.status !== 0 || verb === 'create') {
        if (verb === 'create' || step % 2 === 0) {
          good(skeleton('create'));
          assert.doesNotMatch(skeleton('check').stdout, /fault/, `stopped at ${step}`);
        }
        skeleton('remove');
      }
      assert.equal(mountsBelow(place).length, 0, `stopped at ${step}`);
      if (stopped.status === 0) return undefined;
    }
  });

test('remove refuses while somebody is inside, and names him', async () => {
  good(skeleton('create'));
  const inside = spawn('chroot', [place, `${base}/one/bin/busybox`, 'cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  inside.stdin.write('x');
  await new Promise(resolve => inside.stdout.once('data', resolve));
  const refused = skeleton('remove');
  assert.match(refused.stderr, new RegExp(`still used by process ${inside.pid} \\(`));
  assert.equal(refused.status, 1);
  assert.doesNotMatch(skeleton('check').stdout, /fault/);
  assert.match(good(chos('skeleton', 'remove', '--force', place)), /is removed; still used by/);
  inside.kill('SIGKILL');
  assert.equal(mountsBelow(place).length, 0);
  assert.ok(!existsSync(place));
});

test('without the module auto takes another back end, and explain says why; kmod is refused', () => {
  const directory = bundle({ tree: 'three', args: ['true'] });
  assert.match(
    good(chos('explain', directory)),
    /back end private: not prepared: .*; not kmod: the kernel module chos is not loaded/,
  );
  writeRegistry({ trees: { linked: { path: `${base}/two`, backEnd: 'kmod' } } }, 'linked.json');
  const ran = chos('run', '-b', bundle({ tree: 'linked', args: ['true'] }), 'linked');
  rmSync('/etc/chos.d/linked.json');
  assert.equal(ran.status, 1);
  assert.match(
    ran.stderr,
    /start tree `linked` with the back end kmod: the kernel module chos is not loaded/,
  );
  assert.match(chos('tree', 'load').stderr, /the kernel module chos is not loaded; modprobe chos/);
  assert.match(good(chos('tree', 'list')), /KERNEL/);
});

test('from another mount namespace it is made in that of process 1', () => {
  good(spawnSync('unshare', ['-m', runtime, 'skeleton', 'create', place], { encoding: 'utf8' }));
  assert.equal(mountsBelow(place).filter(point => point === place).length, 2);
  good(spawnSync('unshare', ['-m', runtime, 'skeleton', 'remove', place], { encoding: 'utf8' }));
  assert.equal(mountsBelow(place).length, 0);
});

test('create, check and remove say as JSON what they have found and done', () => {
  const told = (action: string) => {
    const { stdout, stderr } = skeleton(action, '--json');
    return stdout === '' ? stderr : JSON.parse(stdout);
  };
  const { path, trees, shares, changes } = told('create');
  assert.deepEqual([path, trees.includes(`${base}/one`), changes > 0], [place, true, true]);
  assert.deepEqual(
    shares.map((share: { path: string }) => share.path),
    [home, scratch],
  );
  assert.equal(told('create').changes, 0);
  const found: readonly { name: string; result: string }[] = told('check');
  assert.deepEqual(
    [found.length > 0, found.every(one => one.name === place && one.result === 'note')],
    [true, true],
  );
  assert.deepEqual(told('remove'), { path: place, holders: [] });
  assert.match(told('check'), /^chos-runtime: there is no skeleton/);
});

export { cases as skeletonCases };

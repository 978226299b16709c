/**
 * The host changes what an environment was prepared from: below what elision leaves out, and shares that are unmounted and mounted anew. Right is what the back end
 * `private` shows; a program that was compiled before refuses. Begins and ends with nothing prepared.
 */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { bind, caseList, good } from './case.js';
import { hasStatmount } from './elision-cases.js';
import {
  base,
  bundle,
  chos,
  home,
  makeTree,
  newId,
  registry,
  scratch,
  shell,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('changed host: ');

/** Not ASCII, as shares may be. */
const disk = `${base}/ü/disk`;
const run = (program: string, ...args: readonly string[]): void => {
  good(spawnSync(program, args, { encoding: 'utf8' }));
};
const mountTmpfs = (place: string, ...options: readonly string[]): void => {
  mkdirSync(place, { recursive: true });
  run('mount', '-t', 'tmpfs', ...options, 'test', place);
};
const remount = (place: string, options: string): void =>
  run('mount', '-o', `remount,bind,${options}`, place);

/** A tree of its own: launches by private make mount points in it. */
function share(...shares: readonly object[]): void {
  const changed = { path: `${base}/changed` };
  writeRegistry({ ...registry, trees: { ...registry.trees, changed }, shares });
}

/** Whether the bind is left out, and that the container sees what it asked for, whichever way. */
function elides(mounts: readonly unknown[], own = false): boolean {
  const text = good(chos('explain', bundle({ tree: 'changed', own, mounts, args: ['true'] })));
  return text.includes('leave out the mount on');
}

const seen = (mounts: readonly unknown[], script: string, own = false): string =>
  good(shell({ tree: 'changed', own, mounts }, script)).trim();

function compiled(mounts: readonly unknown[], own: boolean): () => { status: number | null; stderr: string } {
  const directory = bundle({ tree: 'changed', own, mounts, args: ['true'] });
  good(chos('compile', directory, '-o', `${directory}/run`));
  return () => spawnSync(`${directory}/run`, ['--id', newId()], { encoding: 'utf8' });
}

function refuses(start: ReturnType<typeof compiled>, words: RegExp): void {
  const { status, stderr } = start();
  assert.equal(status, 1, stderr);
  assert.match(stderr, words);
}

const choice = (): string => good(chos('explain', bundle({ tree: 'changed', args: ['true'] })));
const writes = (place: string): string => `touch ${place}/w 2>/dev/null && echo writable || echo read-only`;

/** A share that is a mount of its own, and a mount below it. */
test('set up: shares that are mounts, prepared', () => {
  makeTree('changed');
  mountTmpfs(disk);
  mkdirSync(`${disk}/x`);
  writeFileSync(`${disk}/name`, 'first\n');
  share({ path: home }, { path: scratch }, { path: disk });
  mountTmpfs(`${disk}/sub`);
  writeFileSync(`${disk}/sub/file`, 'sub\n');
  good(chos('tree', 'prepare', 'changed'));
});

const rbind = [bind(disk, disk, 'rbind')];
const plain = [bind(disk, disk, 'bind')];

for (const own of [false, true]) {
  const way = own ? 'in a copy' : 'in the shared view';

  test(`a mount below, the same on both sides, is left out with the rest (${way})`, () => {
    assert.equal(elides(rbind, own), true);
    assert.equal(seen(rbind, `cat ${disk}/sub/file; touch ${disk}/sub/w && echo w`, own), 'sub\nw');
    assert.equal(elides(plain, own), false);
    assert.equal(seen(plain, `ls ${disk}/sub`, own), '');
  });

  test(`a mount below that the host has made read-only since is read-only inside (${way})`, () => {
    const start = compiled(rbind, own);
    assert.equal(start().status, 0);
    remount(`${disk}/sub`, 'ro');
    assert.equal(elides(rbind, own), false);
    const script = `touch ${disk}/sub/w 2>/dev/null || echo read-only; touch ${disk}/w && echo writable`;
    assert.equal(seen(rbind, script, own), 'read-only\nwritable');
    if (hasStatmount) refuses(start, /leave out the mount of \S+\/disk\/sub: it is no longer what it was/);
    remount(`${disk}/sub`, 'rw');
    assert.equal(elides(rbind, own), true);
    assert.equal(start().status, 0);
  });

  for (const option of ['nosuid', 'nodev', 'noexec', 'noatime', 'nosymfollow'])
    test(`a mount below that the host has made ${option} since (${way})`, () => {
      if (spawnSync('mount', ['-o', `remount,bind,${option}`, `${disk}/sub`]).status !== 0)
        return `mount does not know ${option}`;
      assert.equal(elides(rbind, own), false);
      const inside = seen(rbind, 'cat /proc/self/mountinfo', own);
      const lines = inside.split('\n').filter(line => line.includes(` ${disk}/sub `));
      assert.match(lines.at(-1) ?? '', new RegExp(option));
      // mount(2) goes from noatime to relatime by way of strictatime only.
      const back = option === 'noatime' ? ['strictatime', 'relatime'] : [option.replace('no', '')];
      for (const one of back) remount(`${disk}/sub`, one);
      assert.equal(elides(rbind, own), true);
      return undefined;
    });

  test(`what the host mounts below after compiling is not shown by a bind that is not recursive (${way})`, () => {
    const only = [bind(`${home}`, home, 'bind')];
    const start = compiled(only, own);
    assert.equal(start().status, 0);
    mountTmpfs(`${home}/after`);
    if (hasStatmount) refuses(start, /leave out the mount of \S+home: it is no longer what it was/);
    assert.equal(elides(only, own), false);
    writeFileSync(`${home}/after/file`, 'after\n');
    assert.equal(seen(only, `ls ${home}/after`, own), '');
    assert.equal(seen([bind(home, home, 'rbind')], `cat ${home}/after/file`, own), 'after');
    run('umount', `${home}/after`);
    rmdirSync(`${home}/after`);
    assert.equal(elides(only, own), true);
    assert.equal(start().status, 0);
  });

  test(`what the host mounts below, and then makes read-only, is so inside (${way})`, () => {
    const all = [bind(home, home, 'rbind')];
    const start = compiled(all, own);
    mountTmpfs(`${home}/late`);
    remount(`${home}/late`, 'ro');
    assert.equal(elides(all, own), false);
    assert.equal(seen(all, `touch ${home}/late/x 2>/dev/null || echo read-only`, own), 'read-only');
    if (hasStatmount) refuses(start, /leave out the mount of \S+home/);
    run('umount', `${home}/late`);
    rmdirSync(`${home}/late`);
  });

  test(`without a bind, too: options of a mount below that were changed since (${way})`, () => {
    const start = compiled([], own);
    assert.equal(start().status, 0);
    remount(`${disk}/sub`, 'ro');
    assert.equal(seen([], writes(`${disk}/sub`), own), 'read-only');
    assert.match(choice(), /private: the host has changed the mount options of \S+\/disk\/sub since/);
    if (hasStatmount) refuses(start, /show the share \S+\/disk\/sub: it is no longer what it was/);
    remount(`${disk}/sub`, 'rw');
    assert.equal(seen([], writes(`${disk}/sub`), own), 'writable');
    assert.equal(start().status, 0);
    // One that has gone has gone inside, too.
    run('umount', `${disk}/sub`);
    assert.equal(start().status, 0);
    mountTmpfs(`${disk}/sub`);
    writeFileSync(`${disk}/sub/file`, 'sub\n');
    good(chos('tree', 'prepare', 'changed'));
  });

  test(`what is mounted later by two calls, as mount -o bind,ro, is read-only inside (${way})`, () => {
    mkdirSync(`${home}/bound`);
    run('mount', '--bind', `${disk}/x`, `${home}/bound`);
    assert.equal(seen([], writes(`${home}/bound`), own), 'writable');
    remount(`${home}/bound`, 'ro,nosuid');
    assert.equal(seen([], `${writes(`${home}/bound`)}; ${writes(home)}`, own), 'read-only\nwritable');
    assert.match(seen([], `grep ${home}/bound /proc/self/mountinfo`, own), / ro,nosuid/);
    run('umount', `${home}/bound`);
    rmdirSync(`${home}/bound`);
    if (!own) assert.match(choice(), /enter changed@\d+, without a mount/);
  });

  test(`a mount below that the host has unmounted since, and one that it has mounted over another (${way})`, () => {
    const start = compiled(rbind, own);
    mountTmpfs(`${disk}/sub`);
    writeFileSync(`${disk}/sub/file`, 'over\n');
    assert.equal(seen(rbind, `cat ${disk}/sub/file`, own), 'over');
    if (hasStatmount) refuses(start, /it is no longer what it was/);
    run('umount', `${disk}/sub`);
    assert.equal(start().status, 0);
    assert.equal(elides(rbind, own), true);
  });

  test(`an entry that makes an earlier one read-only gets it (${way})`, () => {
    const mounts = [...rbind, { destination: disk, type: 'bind', options: ['remount', 'bind', 'ro'] }];
    const script = `touch ${disk}/w 2>/dev/null || echo read-only; touch ${disk}/sub/w && echo writable`;
    assert.equal(seen(mounts, script, own), 'read-only\nwritable');
    const part = [
      bind(`${disk}/x`, `${disk}/x`, 'bind'),
      { destination: `${disk}/x`, type: 'bind', options: ['remount', 'bind', 'ro'] },
    ];
    const both = `touch ${disk}/x/w 2>/dev/null || echo read-only; touch ${disk}/w && echo writable`;
    assert.equal(seen(part, both, own), 'read-only\nwritable');
  });
}

test('two shares, one below the other, are not one bind of the upper one', () => {
  const shares = [{ path: disk, readonly: true }, { path: `${disk}/x` }];
  share(...shares);
  good(chos('tree', 'prepare', 'changed'));
  const mounts = [bind(disk, disk, 'rbind', 'ro')];
  assert.equal(elides(mounts), false);
  const script = `touch ${disk}/x/w 2>/dev/null || echo read-only`;
  assert.equal(seen(mounts, script), 'read-only');
  assert.equal(seen([], `touch ${disk}/x/w && echo writable`), 'writable');
  share({ path: disk }, { path: `${disk}/x`, readonly: true });
  good(chos('tree', 'prepare', 'changed'));
  assert.equal(elides(rbind), false);
  assert.equal(seen(rbind, `touch ${disk}/x/w && echo writable`), 'writable');
  share({ path: home }, { path: scratch }, { path: disk });
  good(chos('tree', 'prepare', 'changed'));
});

const name = (): string => seen([], `cat ${disk}/name`);
const listed = (): string => good(chos('tree', 'list'));

/** Under the same numbers, where the kernel gives them out again. */
function mountAnew(): void {
  run('umount', '-R', disk);
  mountTmpfs(disk);
  mkdirSync(`${disk}/x`);
  writeFileSync(`${disk}/name`, 'anew\n');
}

test('a share that the host has unmounted and mounted anew is the new one, and everybody is told', () => {
  const start = compiled([], false);
  const withBind = compiled(rbind, false);
  assert.equal(start().status, 0);
  assert.match(choice(), /enter changed@\d+, without a mount/);
  mountAnew();
  assert.equal(name(), 'anew');
  assert.match(
    choice(),
    /back end private: the host has mounted \S+disk anew since changed@\d+ was prepared: run chos-runtime tree prepare changed/,
  );
  assert.match(listed(), /changed .*changed@\d+ stale/);
  assert.match(
    chos('tree', 'check', 'changed').stdout,
    /note +changed@\d+ is not used: the host has mounted \S+disk anew/,
  );
  refuses(start, /show the share \S+disk: it is no longer what it was when this was compiled/);
  refuses(withBind, /it is no longer what it was when this was compiled/);
  for (const mounts of [rbind, [bind(home, home, 'rbind')]])
    assert.equal(seen(mounts, `cat ${disk}/name`), 'anew');
  assert.match(choice(), /private/);
  good(chos('tree', 'prepare', 'changed'));
  assert.match(choice(), /enter changed@\d+, without a mount/);
  assert.doesNotMatch(listed(), /stale/);
  assert.equal(name(), 'anew');
});

test('the same with a bind mount, whose device and directory are the same as before', () => {
  run('umount', disk);
  mkdirSync(`${base}/source`, { recursive: true });
  writeFileSync(`${base}/source/name`, 'bound\n');
  const bound = (): void => run('mount', '--bind', `${base}/source`, disk);
  bound();
  good(chos('tree', 'prepare', 'changed'));
  assert.match(choice(), /enter changed@\d+, without a mount/);
  run('umount', disk);
  bound();
  assert.match(choice(), /the host has mounted \S+disk anew/);
  mountTmpfs(`${disk}/inner`);
  writeFileSync(`${disk}/inner/file`, 'later\n');
  assert.equal(seen([], `cat ${disk}/inner/file`), 'later');
  run('umount', `${disk}/inner`);
});

for (const [what, change, back, words] of [
  ['mount options', () => remount(disk, 'ro'), () => remount(disk, 'rw'), /changed the mount options of/],
  [
    'propagation',
    () => run('mount', '--make-private', disk),
    () => undefined,
    /is no longer the one that is followed/,
  ],
] as const)
  test(`a share whose ${what} the host has changed is not shown as it was`, () => {
    good(chos('tree', 'prepare', 'changed'));
    const start = compiled([], false);
    assert.equal(start().status, 0);
    change();
    assert.match(choice(), words);
    if (hasStatmount) refuses(start, /show the share \S+disk/);
    back();
  });

test('a read-only share below which the host has unmounted another directory of the same file system', () => {
  share({ path: home }, { path: disk, readonly: true });
  for (const name of ['y', 'z']) {
    mkdirSync(`${disk}/${name}`);
    writeFileSync(`${disk}/${name}/name`, `${name}\n`);
  }
  run('mount', '--bind', `${disk}/z`, `${disk}/y`);
  good(chos('tree', 'prepare', 'changed'));
  assert.equal(seen([], `cat ${disk}/y/name`), 'z');
  run('umount', `${disk}/y`);
  assert.match(choice(), /private: the host has changed what is mounted below \S+disk/);
  assert.equal(seen([], `cat ${disk}/y/name`), 'y');
  share({ path: home }, { path: scratch }, { path: disk });
});

test('a share whose directory was replaced', () => {
  good(chos('tree', 'prepare', 'changed'));
  const start = compiled([], false);
  renameSync(scratch, `${scratch}.old`);
  mkdirSync(scratch);
  writeFileSync(`${scratch}/new`, 'new\n');
  assert.match(choice(), /scratch has come to be another directory since changed@\d+ was prepared/);
  assert.equal(seen([], `cat ${scratch}/new`), 'new');
  refuses(start, /show the share \S+scratch/);
});

test('a mount point that is taken away from outside takes the share along: that is noticed, too', () => {
  // Linux detaches mounts in all namespaces but its own when a mount point is removed (detach_mounts() of fs/namespace.c).
  const trees = { points: { path: `${base}/points` } };
  mkdirSync(`${base}/points/mnt`, { recursive: true });
  run('cp', '-a', `${base}/three/.`, `${base}/points`);
  mkdirSync(`${base}/points${disk}`, { recursive: true });
  writeRegistry({ trees, shares: [{ path: disk }] }, 'points.json');
  assert.match(good(chos('tree', 'prepare', 'points')), /the tree is its root/);
  assert.equal(good(shell({ tree: 'points' }, `cat ${disk}/name`)), 'bound\n');
  const directory = bundle({ tree: 'points', args: ['true'] });
  good(chos('compile', directory, '-o', `${directory}/run`));
  const start = () => spawnSync(`${directory}/run`, ['--id', newId()], { encoding: 'utf8' });
  assert.equal(start().status, 0);
  rmdirSync(`${base}/points${disk}`);
  mkdirSync(`${base}/points${disk}`);
  refuses(start, /show the share \S+disk: it is no longer what it was .*prepare points again/);
  assert.match(
    good(chos('explain', directory)),
    /private: \S+disk in the tree, on which something is mounted, was replaced since points@1/,
  );
  assert.equal(good(shell({ tree: 'points' }, `cat ${disk}/name`)), 'bound\n');
  good(chos('tree', 'release', 'points'));
  writeRegistry({ trees: {} }, 'points.json');
});

test('release the tree', () => {
  good(chos('tree', 'release', 'changed'));
  run('umount', disk);
  writeRegistry(registry);
});

export { cases as changedHostCases };

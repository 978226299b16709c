/** Versions of an imported tree: update, rollback, remove, gc, export; and who is inside meanwhile. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { run, tarOf, textOf, work } from './archives.js';
import { caseList, good } from './case.js';
import {
  base,
  chos,
  makeTree,
  registry,
  removeRegistry,
  shell,
  shellLater,
  sleeping,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('versions: ');

const store = '/var/lib/chos/trees';
const os = `${store}/os`;
const listed = (): readonly string[] => readdirSync(os).sort();
const inode = (version: number, path: string): number => statSync(`${os}/${version}/${path}`).ino;
const current = (): string => readlinkSync(`${os}/current`);

/** A tar of a tree of busybox that says which it is. */
function release(number: number, change: (tree: string) => void = () => undefined): string {
  rmSync(`${base}/os`, { recursive: true, force: true });
  const tree = makeTree('os', ['same']);
  writeFileSync(`${tree}/etc/release`, `${number}\n`);
  for (const name of ['kept', 'mode', 'time', 'able', 'content']) {
    writeFileSync(`${tree}/same/${name}`, name.repeat(5000));
    run('touch', '-d', '2020-01-01 00:00:00.123456789', `${tree}/same/${name}`);
  }
  change(tree);
  mkdirSync(work, { recursive: true });
  run('bsdtar', '--format=pax', '--numeric-owner', '-C', tree, '-cf', `${work}/os-${number}.tar`, '.');
  return `${work}/os-${number}.tar`;
}

test('update makes the next version, with what is the same on the disk once', () => {
  good(chos('tree', 'import', release(1), '--name', 'os'));
  const next = release(2, tree => {
    run('chmod', '600', `${tree}/same/mode`);
    run('touch', '-d', '2021-01-01', `${tree}/same/time`);
    run('setcap', 'cap_net_raw+ep', `${tree}/same/able`);
    // A name that sharing must leave alone.
    writeFileSync(`${tree}/same/.chos-share`, 'kept'.repeat(5000));
    writeFileSync(`${tree}/same/content`, 'CONTENT'.repeat(5000));
    run('touch', '-d', '2020-01-01 00:00:00.123456789', `${tree}/same/content`);
  });
  const record = JSON.parse(good(chos('tree', 'update', 'os', next, '--json')));
  assert.equal(record.version, 2);
  assert.equal(current(), '2');
  assert.deepEqual(listed(), ['1', '1.json', '2', '2.json', 'current', 'lock']);
  assert.equal(inode(1, 'same/kept'), inode(2, 'same/kept'));
  assert.equal(textOf(`${os}/2/same/.chos-share`), 'kept'.repeat(5000));
  assert.ok(record.shared >= 5000 * 4);
  for (const name of ['mode', 'time', 'able', 'content'])
    assert.notEqual(inode(1, `same/${name}`), inode(2, `same/${name}`), name);
  assert.equal(textOf(`${os}/1/etc/release`), '1\n');
  assert.equal(textOf(`${os}/2/same/content`).slice(0, 7), 'CONTENT');
  assert.equal(good(chos('tree', 'digest', 'os')), `${record.digest}\n`);
  assert.match(good(shell({ tree: 'os', own: true }, 'cat /etc/release')), /^2$/m);
});

test('nothing is shared if it is not wanted, nor from behind a link', () => {
  const tar = release(3);
  assert.equal(JSON.parse(good(chos('tree', 'update', 'os', tar, '--json', '--share', 'none'))).shared, 0);
  assert.notEqual(inode(2, 'same/kept'), inode(3, 'same/kept'));
  // tmpfs has no reflinks.
  assert.equal(JSON.parse(good(chos('tree', 'update', 'os', tar, '--json', '--share', 'reflink'))).shared, 0);
  run('mv', `${os}/4/same`, `${os}/4/moved`);
  symlinkSync('moved', `${os}/4/same`);
  good(chos('tree', 'update', 'os', tar));
  assert.notEqual(inode(4, 'moved/kept'), inode(5, 'same/kept'));
});

/** None can be mounted here; undefined: it can. */
function whyNoBtrfs(): string | undefined {
  if (!existsSync('/dev/loop-control')) return 'no loop devices';
  spawnSync('modprobe', ['btrfs']);
  return /\bbtrfs$/m.test(textOf('/proc/filesystems')) ? undefined : 'the kernel has no btrfs';
}

test('on btrfs the blocks are shared: what is written into one version later is not in the other', () => {
  const why = whyNoBtrfs();
  if (why !== undefined) return why;
  const disk = `${base}/btrfs`;
  mkdirSync(store, { recursive: true });
  run('truncate', '-s', '128M', disk);
  run('mkfs.btrfs', '--quiet', disk);
  run('mount', '-o', 'loop', disk, store);
  try {
    const tar = release(1);
    good(chos('tree', 'import', tar, '--name', 'blocks'));
    const tree = `${store}/blocks`;
    const { shared, bytes } = JSON.parse(
      good(chos('tree', 'update', 'blocks', tar, '--json', '--share', 'reflink')),
    );
    assert.equal(shared, bytes);
    const file = 'same/kept';
    const [one, two] = [statSync(`${tree}/1/${file}`), statSync(`${tree}/2/${file}`)];
    assert.notEqual(one.ino, two.ino);
    assert.equal(one.mtimeMs, two.mtimeMs);
    // Both files lie in the same blocks.
    const extents = (version: number): string =>
      good(spawnSync('filefrag', ['-v', `${tree}/${version}/bin/busybox`], { encoding: 'utf8' }))
        .split('\n')
        .filter(line => /^ *\d+:/.test(line))
        .join('\n');
    assert.match(extents(1), /shared/);
    assert.equal(extents(1), extents(2));
    writeFileSync(`${tree}/2/${file}`, 'other');
    assert.equal(textOf(`${tree}/1/${file}`), 'kept'.repeat(5000));
    good(chos('tree', 'remove', 'blocks'));
  } finally {
    run('umount', store);
    rmSync(disk);
  }
  return undefined;
});

test('what fails leaves the version in use', () => {
  writeFileSync(`${work}/broken.tar`, tarOf([{ name: '../x' }]));
  assert.match(chos('tree', 'update', 'os', `${work}/broken.tar`).stderr, /leads out of the tree/);
  assert.equal(current(), '5');
  assert.equal(listed().includes('part'), false);
  assert.match(
    chos('tree', 'update', 'one', `${work}/broken.tar`).stderr,
    /`one` was not imported: its directory is/,
  );
  assert.match(chos('tree', 'update', 'os').stderr, /SOURCE/);
  assert.match(chos('tree', 'update', 'os', '').stderr, /lacks its SOURCE/);
  assert.match(
    chos('tree', 'updaet', 'os').stderr,
    /unknown action `updaet` of `tree`; did you mean `update`\?$/m,
  );
  assert.match(
    chos('tree', 'update', 'ox', `${work}/broken.tar`).stderr,
    /unknown tree `ox`; did you mean `os`/,
  );
});

test('rollback goes to the version before, or to the one that is named', () => {
  assert.match(good(chos('tree', 'rollback', 'os')), /os is at version 4; it was at 5/);
  assert.match(good(chos('tree', 'rollback', 'os', '1')), /os is at version 1; it was at 4/);
  assert.match(good(shell({ tree: 'os', own: true }, 'cat /etc/release')), /^1$/m);
  assert.match(chos('tree', 'rollback', 'os').stderr, /there is no version of `os` before the one in use/);
  assert.match(
    chos('tree', 'rollback', 'os', '9').stderr,
    /there is no version 9 of `os`; there is 1, 2, 3, 4, 5/,
  );
  assert.match(chos('tree', 'rollback', 'os', '..').stderr, /there is no version \.\./);
  rmSync(`${os}/current`);
  mkdirSync(`${os}/current`);
  assert.match(chos('tree', 'rollback', 'os').stderr, /there is no version of `os` before the one in use/);
  rmSync(`${os}/current`, { recursive: true });
  symlinkSync('1', `${os}/current`);
  good(chos('tree', 'rollback', 'os', '5'));
});

test('who is inside stays there; the generation of the version before is stale until the next prepare', async () => {
  good(chos('tree', 'prepare', 'os'));
  const inside = shellLater({ tree: 'os' }, 'echo in; read line; cat /etc/release');
  await inside.started;
  good(chos('tree', 'update', 'os', release(6)));
  assert.match(good(chos('tree', 'list')), /os@1 stale/);
  assert.match(good(shell({ tree: 'os', own: true }, 'cat /etc/release')), /^6$/m);
  inside.go();
  assert.match(await inside.ended, /^3$/m);
  good(chos('tree', 'prepare', 'os'));
  assert.match(good(shell({ tree: 'os' }, 'cat /etc/release')), /^6$/m);
});

/** As JSON. */
const told = (...args: readonly string[]) => JSON.parse(good(chos('tree', ...args, '--json')));

test('versions tells what is stored, which is in use, and who holds it', async () => {
  const child = spawn('sleep', ['1000'], { cwd: `${os}/1/etc`, stdio: 'ignore' });
  const gone = new Promise(resolve => child.on('close', resolve));
  try {
    const all: readonly Record<string, unknown>[] = told('versions', 'os');
    assert.deepEqual(
      all.map(({ version, current, holders }) => [
        version,
        current,
        (holders as readonly string[]).length > 0,
      ]),
      [
        [1, false, true],
        [2, false, false],
        [3, false, false],
        [4, false, false],
        [5, false, false],
        [6, true, true],
      ],
    );
    assert.equal(all[0]?.path, `${os}/1`);
    assert.equal(`${all[5]?.digest}\n`, good(chos('tree', 'digest', 'os')));
    assert.deepEqual(all[0]?.holders, [`process ${child.pid} (sleep)`]);
  } finally {
    child.kill();
    await gone;
  }
  writeFileSync(`${os}/4.json`, '{');
  const lines = good(chos('tree', 'versions', 'os')).split('\n');
  assert.match(lines[0] ?? '', /^VERSION +CREATED +SIZE +HOLDERS +DIGEST +SOURCE$/);
  assert.match(lines[4] ?? '', /^4 +\? +\? +0 +\? +\?$/);
  assert.match(lines[6] ?? '', /^6 \* +20\S+Z +[\d.]+ [kM]B +\d+ +sha256:[0-9a-f]{64} +\/\S+os-6\.tar$/);
  assert.match(chos('tree', 'versions', 'one').stderr, /`one` was not imported/);
  assert.match(chos('tree', 'versions').stderr, /NAME/);
});

test('as JSON: rollback, digest, export', () => {
  assert.deepEqual(told('rollback', 'os', '5'), { name: 'os', version: 5, before: 6 });
  assert.deepEqual(told('rollback', 'os', '6'), { name: 'os', version: 6, before: 5 });
  assert.deepEqual(told('rollback', 'os', '6'), { name: 'os', version: 6, before: 6 });
  const { digest, entries, path } = told('digest', 'os');
  assert.equal(`${digest}\n`, good(chos('tree', 'digest', 'os')));
  assert.ok(entries > 10);
  assert.equal(path, `${os}/current`);
  const { file, bytes } = told('export', 'os', '-o', `${work}/json.tar`);
  assert.deepEqual([file, bytes], [`${work}/json.tar`, statSync(`${work}/json.tar`).size]);
});

test('gc takes old versions and what was left, and nothing that is held', async () => {
  good(chos('tree', 'update', 'os', release(7)));
  good(chos('tree', 'update', 'os', release(8)));
  mkdirSync(`${os}/part/tree`, { recursive: true });
  writeFileSync(`${os}/part.json`, '');
  writeFileSync(`${os}/99.json`, '{}');
  mkdirSync(`${store}/half/1/etc`, { recursive: true });
  writeFileSync(`${store}/half/lock`, '');
  // What no import has made stays, whatever its name.
  for (const name of ['hand/etc', '.snapshot', 'lost+found'])
    mkdirSync(`${store}/${name}`, { recursive: true });
  writeFileSync(`${store}/README`, '');
  const child = spawn('sleep', ['1000'], { cwd: `${os}/2/etc`, stdio: 'ignore' });
  const gone = new Promise(resolve => child.on('close', resolve));
  try {
    // Version 6 is that of the generation.
    const said = good(chos('tree', 'gc'));
    assert.match(said, /os: version 1 is removed/);
    assert.match(said, new RegExp(`os: version 2 stays: held by process ${child.pid} \\(sleep\\)`));
    assert.match(said, /os: version 6 stays: held by generation os@2/);
    assert.match(said, /half: what a command that was killed has left is removed/);
    assert.deepEqual(listed(), [
      '2',
      '2.json',
      '6',
      '6.json',
      '7',
      '7.json',
      '8',
      '8.json',
      'current',
      'lock',
    ]);
    assert.equal(existsSync(`${store}/half`), false);
    for (const name of ['hand', '.snapshot', 'lost+found', 'README']) {
      assert.match(said, new RegExp(`^${name.replace('+', '\\+')}: stays: no import has made it$`, 'm'));
      assert.ok(existsSync(`${store}/${name}`));
      rmSync(`${store}/${name}`, { recursive: true });
    }
    assert.equal(textOf(`${os}/6/same/kept`), 'kept'.repeat(5000));
  } finally {
    child.kill();
    await gone;
  }
  good(chos('tree', 'release', 'os'));
  mkdirSync(`${store}/hand/etc`, { recursive: true });
  assert.deepEqual(told('gc', 'os'), {
    removed: [2, 6].map(version => ({ name: 'os', version })),
    kept: [],
    passed: [],
  });
  assert.deepEqual(told('gc').passed, [{ name: 'hand', why: 'foreign' }]);
  rmSync(`${store}/hand`, { recursive: true });
  assert.equal(good(chos('tree', 'gc')), '');
  good(shell({ tree: 'os', own: true }, 'true'));
});

test('gc takes nothing of what a broken file may name', () => {
  mkdirSync(`${store}/half/1`, { recursive: true });
  writeFileSync(`${store}/half/lock`, '');
  writeRegistry('{', 'broken.json');
  good(chos('tree', 'gc'));
  assert.ok(existsSync(`${store}/half/1`));
  removeRegistry('broken.json');
  writeRegistry({ trees: { other: { path: `${store}/half/1` } } }, 'other.json');
  good(chos('tree', 'gc'));
  assert.ok(existsSync(`${store}/half/1`));
  assert.match(
    chos('tree', 'import', `${work}/os-8.tar`, '--name', 'half').stderr,
    /`half` is registered already, in .*other\.json/,
  );
  assert.ok(existsSync(`${store}/half/1`));
  removeRegistry('other.json');
  assert.match(good(chos('tree', 'gc')), /half: .* is removed/);
});

test('what is exported comes in again as it was', () => {
  for (const end of ['tar', 'tar.zst', 'tgz']) {
    good(chos('tree', 'export', 'os', '-o', `${work}/out.${end}`));
    good(chos('tree', 'import', `${work}/out.${end}`, '--name', 'again'));
    assert.equal(good(chos('tree', 'digest', 'again')), good(chos('tree', 'digest', 'os')));
    good(chos('tree', 'remove', 'again'));
  }
  assert.match(chos('tree', 'export', 'os', '-o', `${work}/out.zip`).stderr, /--output.*out\.zip/);
  assert.match(chos('tree', 'export', 'os', '-o', '/nowhere/out.tar').stderr, /write .*nowhere/);
  assert.match(chos('tree', 'export', 'os').stderr, /--output/);
  mkdirSync(`${work}/place.tar`);
  assert.match(
    chos('tree', 'export', 'os', '-o', `${work}/place.tar`).stderr,
    /write `.*place\.tar`: Is a directory/,
  );
  assert.deepEqual(
    readdirSync(work).filter(name => name.includes('.part')),
    [],
  );
});

test('remove refuses while somebody holds it, or its file says more; then nothing is left', () => {
  good(chos('tree', 'prepare', 'os'));
  assert.match(chos('tree', 'remove', 'os').stderr, /remove `os`: it is held by generation os@3/);
  good(chos('tree', 'release', 'os'));
  const id = sleeping({ tree: 'os', own: true });
  assert.match(chos('tree', 'remove', 'os').stderr, /remove `os`: it is held by process \d+ \(sleep\)/);
  good(chos('delete', '--force', id));
  good(spawnSync('mount', ['--bind', `${os}/8/etc`, '/mnt'], { encoding: 'utf8' }));
  assert.match(chos('tree', 'remove', 'os').stderr, /it is held by the mount \/mnt/);
  run('umount', '/mnt');
  // Somebody's files, seen in the tree.
  good(spawnSync('mount', ['--bind', base, `${os}/8/tmp`], { encoding: 'utf8' }));
  assert.match(chos('tree', 'remove', 'os').stderr, /it is held by the mount .*\/8\/tmp/);
  run('umount', `${os}/8/tmp`);
  writeRegistry({ ...registry, default: 'os' });
  assert.match(chos('tree', 'remove', 'os').stderr, /held by the registry, of which it is the default/);
  writeRegistry('{', 'broken.json');
  assert.match(chos('tree', 'remove', 'os').stderr, /the file \/etc\/chos\.d\/broken\.json, which is broken/);
  removeRegistry('broken.json');
  writeRegistry(registry);
  const file = textOf('/etc/chos.d/os.json');
  writeRegistry({ trees: { os: { path: `${os}/current`, readonly: true } } }, 'os.json');
  assert.match(chos('tree', 'remove', 'os').stderr, /os\.json says more than the import wrote/);
  writeRegistry(file, 'os.json');
  assert.match(chos('tree', 'remove', 'one').stderr, /`one` was not imported/);
  assert.deepEqual(told('remove', 'os'), { name: 'os', versions: [7, 8] });
  assert.equal(existsSync(os), false);
  assert.equal(existsSync('/etc/chos.d/os.json'), false);
});

export { cases as versionCases };

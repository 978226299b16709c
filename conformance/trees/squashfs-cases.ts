/** A squashfs is mounted, not unpacked: at the import, after a boot, and gone with its version. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { put, run, sha256, tarOf, textOf } from './archives.js';
import { caseList, good } from './case.js';
import { base, chos, hostMounts, runtime, shell, writeRegistry } from './machine.js';
import { type Node, squashfs, whyNoSquashfs } from './squashfs.js';
import { reached, withStandIns } from './stand-ins.js';

const { cases, test } = caseList('squashfs: ');

const store = '/var/lib/chos/trees';
const os = `${store}/packed`;
const LOOPS = '/dev/loop-control';
const mounted = (): readonly string[] =>
  hostMounts()
    .filter(line => line.includes(` ${os}/`))
    .map(line => line.split(' ')[4] ?? '');
const loops = (): string => spawnSync('losetup', ['--all'], { encoding: 'utf8' }).stdout;

/** Busybox, and what tells the images apart. */
function image(number: number): string {
  const tools = Object.fromEntries(
    ['sh', 'cat', 'sleep', 'true', 'touch'].map(name => [name, { link: 'busybox' }]),
  );
  const empty: Node = { inside: {} };
  return put(
    `packed-${number}.squashfs`,
    squashfs({
      inside: {
        bin: { inside: { ...tools, busybox: { mode: 0o755, content: readFileSync('/bin/busybox') } } },
        etc: {
          inside: {
            release: { content: `${number}\n` },
            'os-release': { content: 'PRETTY_NAME="Packed"\n' },
          },
        },
        proc: empty,
        sys: empty,
        dev: empty,
        tmp: empty,
        mnt: { inside: { 'chos-trees-test': { inside: { home: empty, scratch: empty } } } },
      },
    }),
  );
}

/** The words of the one line. */
const refusal = (...args: readonly string[]): string => {
  const { status, stderr } = chos('tree', ...args);
  assert.equal(status, 1);
  assert.match(stderr, /^chos-runtime: [^\n]+\n$/);
  return stderr;
};

test('without loop devices it is refused, and nothing is left', () => {
  const hidden = existsSync(LOOPS);
  if (hidden) run('mount', '--bind', '/etc/passwd', LOOPS);
  try {
    assert.match(
      refusal('import', image(1), '--name', 'packed'),
      /this machine has no loop devices; modprobe loop, or import a tar/,
    );
    assert.equal(existsSync(os), false);
    assert.equal(existsSync('/etc/chos.d/packed.json'), false);
  } finally {
    if (hidden) run('umount', LOOPS);
  }
});

test('what is in it is a tree: its digest is that of the same files unpacked, and nobody can write', () => {
  const why = whyNoSquashfs();
  if (why !== undefined) return why;
  const path = image(1);
  const digest = `sha256:${sha256(readFileSync(path))}`;
  assert.match(
    refusal('import', path, '--name', 'packed', '--digest', `sha256:${'0'.repeat(64)}`),
    /its digest is sha256:.*, not sha256:0000/,
  );
  assert.match(refusal('import', path, '--name', 'packed', '--limit', '1k'), /larger than --limit/);
  for (const option of [['--devices'], ['--image', 'a']])
    assert.match(refusal('import', path, '--name', 'packed', ...option), /a squashfs is mounted as it is/);
  assert.equal(existsSync(os), false);
  const record = JSON.parse(
    good(chos('tree', 'import', path, '--name', 'packed', '--digest', digest, '--json')),
  );
  assert.deepEqual([record.squashfs, record.layers], [true, [digest]]);
  assert.deepEqual(readdirSync(os).sort(), ['1', '1.json', '1.squashfs', 'current', 'lock']);
  assert.equal(statSync(`${os}/1.squashfs`).mode & 0o777, 0o600);
  assert.deepEqual(mounted(), [`${os}/1`]);
  assert.match(hostMounts().find(line => line.includes(`${os}/1 `)) ?? '', / ro,nodev/);
  assert.equal(textOf(`${os}/current/etc/release`), '1\n');
  assert.match(good(chos('tree', 'list')), /packed +Packed/);
  assert.equal(good(chos('tree', 'digest', 'packed')), `${record.digest}\n`);
  // The same, unpacked.
  run('sh', '-c', `mkdir /mnt/chos-trees-test/same && cp -a ${os}/1/. /mnt/chos-trees-test/same/`);
  assert.equal(good(chos('tree', 'digest', '/mnt/chos-trees-test/same')), `${record.digest}\n`);
  return undefined;
});

test('after a boot it is not used until it is prepared, which mounts it', () => {
  const why = whyNoSquashfs();
  if (why !== undefined) return why;
  run('umount', `${os}/1`);
  for (const args of [
    ['digest', 'packed'],
    ['export', 'packed', '-o', '/mnt/out.tar'],
  ])
    assert.match(
      refusal(...args),
      /packed.*path: the image of the tree is not mounted; chos-runtime tree prepare mounts it/,
    );
  assert.match(
    chos('tree', 'check', 'packed').stdout,
    /packed +fault .*the image of the tree is not mounted/,
  );
  assert.match(
    chos('spec', '--tree', 'packed', '-f', '/mnt/config.json').stderr,
    /the image of the tree is not mounted/,
  );
  good(chos('tree', 'prepare', 'packed'));
  assert.deepEqual(mounted(), [`${os}/1`]);
  assert.match(
    good(shell({ tree: 'packed' }, 'cat /etc/release; touch /etc/x 2>/dev/null || echo refused')),
    /^1\nrefused$/m,
  );
  good(chos('tree', 'check', 'packed'));
  // Nothing to do: it is there.
  good(chos('tree', 'prepare', 'packed'));
  assert.deepEqual(mounted(), [`${os}/1`]);
  good(chos('tree', 'release', 'packed'));
  // One that is never prepared is mounted all the same.
  writeRegistry({ trees: { packed: { path: `${os}/current`, backEnd: 'private' } } }, 'packed.json');
  run('umount', `${os}/1`);
  const prepared = good(chos('tree', 'prepare', '--all'))
    .split('\n')
    .flatMap(line => /^(\w+)@/.exec(line)?.[1] ?? []);
  assert.equal(prepared.includes('packed'), false);
  assert.deepEqual(mounted(), [`${os}/1`]);
  for (const name of prepared) good(chos('tree', 'release', name));
  writeRegistry({ trees: { packed: { path: `${os}/current` } } }, 'packed.json');
  return undefined;
});

test('update and rollback between images and tars, each mounted when it is needed', () => {
  const why = whyNoSquashfs();
  if (why !== undefined) return why;
  good(chos('tree', 'update', 'packed', image(2)));
  assert.equal(textOf(`${os}/current/etc/release`), '2\n');
  good(chos('tree', 'update', 'packed', put('plain.tar', tarOf([{ name: 'etc/release', text: '3' }]))));
  assert.deepEqual(mounted(), [`${os}/1`, `${os}/2`]);
  run('umount', `${os}/2`);
  good(chos('tree', 'rollback', 'packed'));
  assert.equal(textOf(`${os}/current/etc/release`), '2\n');
  return undefined;
});

test('its own mount holds nothing, others do; gc and remove take it away with image and loop device', () => {
  const why = whyNoSquashfs();
  if (why !== undefined) return why;
  const before = loops();
  assert.match(before, /1\.squashfs/);
  assert.match(good(chos('tree', 'rollback', 'packed', '3')), /at version 3/);
  const said = good(chos('tree', 'gc', 'packed'));
  assert.match(said, /packed: version 1 is removed/);
  assert.deepEqual(mounted(), [`${os}/2`]);
  assert.deepEqual(readdirSync(os).sort(), ['2', '2.json', '2.squashfs', '3', '3.json', 'current', 'lock']);
  run('mount', '--bind', `${os}/2/etc`, '/mnt/chos-trees-test/scratch');
  assert.match(refusal('remove', 'packed'), /it is held by the mount \/mnt\/chos-trees-test\/scratch/);
  run('umount', '/mnt/chos-trees-test/scratch');
  // As two commands at once could: mount(8) itself refuses the same image at the same place.
  run('mount', '-t', 'squashfs', '-o', 'ro,loop', image(2), `${os}/2`);
  assert.deepEqual(mounted(), [`${os}/2`, `${os}/2`]);
  good(chos('tree', 'remove', 'packed'));
  assert.equal(existsSync(os), false);
  assert.deepEqual(mounted(), []);
  assert.doesNotMatch(loops(), /packed/);
  return undefined;
});

test('a signal, or what is no squashfs behind its first bytes, leaves no mount and no device', async () => {
  const why = whyNoSquashfs();
  if (why !== undefined) return why;
  const broken = put('broken.squashfs', `hsqs${'x'.repeat(8192)}`);
  assert.match(refusal('import', broken, '--name', 'packed'), /mount `.*1\.squashfs`: mount: /);
  assert.equal(existsSync(os), false);
  const path = image(1);
  const script = `/usr/bin/mount "$@"; echo >${base}/reached; exec sleep 1000`;
  await withStandIns({ mount: script }, async () => {
    const here = reached();
    const child = spawn(runtime, ['tree', 'import', path, '--name', 'packed'], { stdio: 'ignore' });
    const end = new Promise(resolve => child.on('close', (_, by) => resolve(by)));
    await here;
    child.kill('SIGTERM');
    assert.equal(await end, 'SIGTERM');
  });
  assert.equal(existsSync(os), false);
  assert.deepEqual(mounted(), []);
  assert.doesNotMatch(loops(), /packed/);
  return undefined;
});

export { cases as squashfsCases };

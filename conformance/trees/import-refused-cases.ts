/** `tree import`: what is refused and leaves nothing. It takes archives that import-cases.ts has made. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dockerArchive, gzip, ociLayout, put, run, sha256, tarOf, textOf, work } from './archives.js';
import { caseList, good } from './case.js';
import { base1, bring, forget, ownIn, refused, store } from './imports.js';
import { base, chos, removeRegistry, runtime, writeRegistry } from './machine.js';

const { cases, test } = caseList('import: ');

test('what leads out of the tree is refused, or stays inside', () => {
  const etc = readdirSync('/etc').length;
  const up = put('up.tar', tarOf([{ name: 'etc/x' }, { name: 'usr/../../../etc/owned', text: 'x' }]));
  refused(
    bring(up, 'evil'),
    'evil',
    /up\.tar`: the entry `usr\/\.\.\/\.\.\/\.\.\/etc\/owned` leads out of the tree/,
  );
  const opaque = ociLayout('opaque', { layers: [tarOf([{ name: 'a/b/x' }, { name: 'a/b/.wh...' }])] });
  refused(bring(opaque, 'evil'), 'evil', /the entry `a\/b\/\.wh\.\.\.` leads out of the tree/);
  const through = tarOf([{ name: 'etc/hard', type: '1', link: `${base}/home/hello` }]);
  // The hard link is to a file that the tree has not.
  refused(bring(put('through.tar', through), 'evil'), 'evil', /through\.tar`: bsdtar: etc\/hard: /);
  const inside = tarOf([
    { name: `${base.slice(1)}/home/`, type: '5', mode: 0o755 },
    { name: 'way', type: '2', link: `${base}/home` },
    { name: 'way/owned', text: 'x' },
    { name: 'climb', type: '2', link: '../../../../../../../..' },
    { name: 'climb/top', text: 'x' },
    { name: '/absolute', text: 'x' },
  ]);
  good(bring(put('inside.tar', inside), 'inside'));
  assert.equal(textOf(`${store}/inside/1${base}/home/owned`), 'x');
  assert.equal(textOf(`${store}/inside/1/top`), 'x');
  assert.equal(textOf(`${store}/inside/1/absolute`), 'x');
  assert.deepEqual(
    [existsSync(`${base}/home/owned`), existsSync('/top'), existsSync('/absolute')],
    [false, false, false],
  );
  assert.equal(readdirSync('/etc').length, etc);
  forget('inside');
});

test('what is broken is told in one line', () => {
  // Of a variable that is not set; not the working directory.
  refused(bring('', 'bad'), 'bad', /`tree` lacks its SOURCE; see `chos-runtime tree --help`/);
  refused(bring(put('words', 'no archive\n'.repeat(99)), 'bad'), 'bad', /words`: /);
  refused(bring(put('empty.tar', Buffer.alloc(1024)), 'bad'), 'bad', /empty\.tar`: /);
  const whole = tarOf([{ name: 'etc/a', text: 'x'.repeat(5000) }]);
  refused(bring(put('cut.tar', whole.subarray(0, 2000)), 'bad'), 'bad', /cut\.tar`: bsdtar: Truncated/);
  // bsdtar would leave out what is damaged, and end well.
  const damaged = tarOf([{ name: 'etc/a', text: 'a' }, { name: 'etc/b', text: 'b' }, { name: 'etc/c' }]);
  damaged.write('x', 1024 + 4);
  refused(bring(put('damaged.tar', damaged), 'bad'), 'bad', /damaged\.tar`: bsdtar: Damaged tar archive/);
  refused(bring('/proc/self/mem', 'bad'), 'bad', /read `\/proc\/self\/mem`: Input\/output error/);
  refused(
    bring(put('list.mtree', '#mtree\n./x type=file contents=/etc/shadow\n'), 'bad'),
    'bad',
    /give a tar/,
  );
  refused(bring(work, 'bad'), 'bad', /must be an OCI layout/);
  refused(bring('/dev/null', 'bad'), 'bad', /give a tar/);
  run('mkfifo', `${work}/fifo`);
  refused(bring(`${work}/fifo`, 'bad'), 'bad', /fifo`: give a tar/);
  refused(bring(`${work}/nothing`, 'bad'), 'bad', /nothing`: No such file/);
  refused(bring('docker://site.io/a:1', 'bad'), 'bad', /podman pull site\.io\/a:1, then give podman:site/);
  for (const source of ['podman:a', 'container:a', 'recipe:debian13'])
    refused(bring(source, 'bad', '--image', 'b'), 'bad', /: --image chooses in an archive or a layout/);
  refused(bring(`${work}/up.tar`, '.bad'), '.bad', /is no name for a tree/);
  assert.match(chos('tree', 'import', `${work}/up.tar`).stderr, /--name/);
});

test('what is broken in an image is told with its place', () => {
  const layers = [gzip(base1)];
  const hex = sha256(gzip(base1));
  const layout = ociLayout('broken', { layers });
  const other = gzip(base1);
  other[other.length - 9] = 0;
  put(`broken/blobs/sha256/${hex}`, other);
  refused(bring(layout, 'bad'), 'bad', /broken: layer 1 of 1`: its digest is sha256:.*, not sha256:/);
  rmSync(`${layout}/blobs/sha256/${hex}`);
  refused(bring(layout, 'bad'), 'bad', /blobs\/sha256\/.*: there is no such file/);
  refused(
    bring(ociLayout('artifact', { layers, type: 'text/plain' }), 'bad'),
    'bad',
    /layers\[0\] is no layer .*text\/plain/,
  );
  assert.match(bring(layout, 'bad', '--digest', `sha256:${hex}`).stderr, /--digest is that of a file/);
  put('broken/index.json', '{"manifests":[{"platform":{"os":"linux","architecture":"z80"}}]}');
  refused(bring(layout, 'bad'), 'bad', /there is no image for this machine in/);
  put('broken/index.json', '{');
  refused(bring(layout, 'bad'), 'bad', /index\.json: it is not JSON/);
  put('broken/index.json', '{"manifests":[{"digest":"sha256:../../../../etc/passwd"}]}');
  refused(bring(layout, 'bad'), 'bad', /has no digest of SHA-256/);
  refused(
    bring(dockerArchive('wrong.tar', [base1], [`sha256:${'1'.repeat(64)}`]), 'bad'),
    'bad',
    /its digest is/,
  );
  const lies = ociLayout('lies', { layers: [gzip(base1)], size: 5 });
  refused(bring(lies, 'bad'), 'bad', /layers\[0\] has \d+ bytes, not 5/);
  refused(bring(ociLayout('none', { layers: [] }), 'bad'), 'bad', /none`: there is nothing in it/);
  const many = { layers: Array.from({ length: 1001 }, () => new Uint8Array([1])) };
  refused(bring(ociLayout('many', many), 'bad'), 'bad', /there are more than 1000 layers/);
});

test('more than there may be is refused before anything is unpacked', () => {
  const claims = tarOf([{ name: 'etc/a' }, { name: 'bomb', size: 8 ** 11 - 1 }]);
  refused(
    bring(put('claims.tar', claims), 'bomb', '--limit', '1m'),
    'bomb',
    /is larger than --limit \(1\.0 MB\)/,
  );
  refused(bring(`${work}/claims.tar`, 'bomb'), 'bomb', /larger than the .* that are free|Truncated/);
  // 300 MB of zeros in 300 kB.
  run('sh', '-c', `truncate -s 300M ${work}/zeros && tar -C ${work} -cf - zeros | gzip >${work}/bomb.tar.gz`);
  refused(bring(`${work}/bomb.tar.gz`, 'bomb', '--limit', '100m'), 'bomb', /is larger than --limit/);
  assert.match(bring(`${work}/bomb.tar.gz`, 'bomb', '--limit', 'much').stderr, /--limit/);
});

test('a disk that is full in the middle leaves nothing', () => {
  good({
    ...spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=755,size=2m,nr_inodes=40', 'none', store], {
      encoding: 'utf8',
    }),
  });
  const names = Array.from({ length: 60 }, (_, i) => ({ name: `etc/${i}` }));
  refused(
    bring(put('inodes.tar', tarOf(names)), 'full'),
    'full',
    /unpack .*inodes\.tar`: bsdtar: .*No space left/,
  );
  assert.deepEqual(readdirSync(store), []);
  // A file that is larger than the disk, and takes nothing of it.
  run('sh', '-c', `truncate -s 40M ${work}/holes && tar -C ${work} -Scf ${work}/holes.tar holes`);
  refused(
    bring(`${work}/holes.tar`, 'full'),
    'full',
    /larger than the .* that are free; --limit allows more/,
  );
  good(bring(`${work}/holes.tar`, 'full', '--limit', '50m'));
  assert.equal(statSync(`${store}/full/1/holes`).size, 40 << 20);
  forget('full');
  run('umount', store);
});

test('a name that is taken is not taken over', () => {
  const path = put('small.tar', tarOf([{ name: 'etc/a', text: 'a' }]));
  assert.match(bring(path, 'one').stderr, /`one` is registered already, in \/etc\/chos\.d\/test\.json:\d+/);
  assert.equal(existsSync(`${store}/one`), false);
  good(bring(path, 'mine'));
  const file = textOf('/etc/chos.d/mine.json');
  assert.match(bring(path, 'mine').stderr, /imported already; chos-runtime tree update mine SOURCE/);
  assert.equal(textOf('/etc/chos.d/mine.json'), file);
  assert.deepEqual(readdirSync(`${store}/mine`).sort(), ['1', '1.json', 'current', 'lock']);
  forget('mine');
});

test('what no import has made, or somebody uses, is not cleared away for one', () => {
  const path = `${work}/small.tar`;
  mkdirSync(`${store}/hand/etc`, { recursive: true });
  assert.match(bring(path, 'hand').stderr, /use `.*\/hand`: no import has made it/);
  assert.ok(existsSync(`${store}/hand/etc`));
  rmSync(`${store}/hand`, { recursive: true });
  good(bring(path, 'mine'));
  // Its own file is broken, then any other, then it is gone while somebody is inside.
  writeRegistry('{', 'mine.json');
  assert.match(bring(path, 'mine').stderr, /`mine` is registered already, in .*mine\.json/);
  removeRegistry('mine.json');
  writeRegistry('{', 'broken.json');
  assert.match(bring(path, 'mine').stderr, /`mine` is registered already, in .*broken\.json/);
  removeRegistry('broken.json');
  const child = spawn('sleep', ['1000'], { cwd: `${store}/mine/1/etc`, stdio: 'ignore' });
  assert.match(bring(path, 'mine').stderr, /it is held by process \d+ \(sleep\)/);
  child.kill();
  writeFileSync(`${store}/mine/notes`, '');
  assert.match(bring(path, 'mine').stderr, /use `.*\/mine\/notes`: no import has made it/);
  forget('mine');
});

test("a store that is not root's alone is refused; what root makes is for all, whatever its umask", () => {
  const path = `${work}/small.tar`;
  for (const [uid, mode] of [
    [1000, 0o755],
    [0, 0o777],
  ] as const) {
    chownSync(store, uid, 0);
    chmodSync(store, mode);
    refused(bring(path, 'own'), 'own', /others than root can put something in its place/);
  }
  chownSync(store, 0, 0);
  chmodSync(store, 0o755);
  const before = process.umask(0o077);
  good(bring(path, 'mask'));
  process.umask(before);
  assert.equal(statSync(`${store}/mask`).mode & 0o7777, 0o755);
  assert.equal(statSync('/etc/chos.d/mask.json').mode & 0o7777, 0o644);
  forget('mask');
});

/** A catalogue of messages as gettext(3) reads it, with a header and one message. */
function catalogue(message: string, translation: string): Buffer {
  const texts = ['', message, 'Content-Type: text/plain; charset=UTF-8\n', translation];
  const head = [0x950412de, 0, 2, 28, 44, 0, 60];
  let at = 60;
  const tables = texts.flatMap(text => {
    const entry = [text.length, at];
    at += text.length + 1;
    return entry;
  });
  const numbers = Buffer.alloc(60);
  [...head, ...tables].forEach((number, i) => {
    numbers.writeUInt32LE(number, 4 * i);
  });
  return Buffer.concat([numbers, Buffer.from(texts.map(text => `${text}\0`).join(''))]);
}

test('bsdtar loads nothing from the tree that it writes', () => {
  // A catalogue could name a character set, and with it a library that root would run.
  const text = catalogue('File name too long', 'from the tree').toString('latin1');
  const files = ['C.UTF-8', 'C.utf8', 'C'].map(name => ({
    name: `usr/share/locale/${name}/LC_MESSAGES/libc.mo`,
    text,
  }));
  const root = `${base}/catalogue`;
  for (const { name } of files) put(`../catalogue/${name}`, Buffer.from(text, 'latin1'));
  run('tar', '-C', root, '-cf', `${work}/catalogue.tar`, 'usr');
  mkdirSync(`${root}/etc`);
  writeFileSync(`${root}/etc/a`, '');
  const long = `s,a,${'n'.repeat(300)},`;
  run('tar', '-C', root, '--transform', long, '-rf', `${work}/catalogue.tar`, 'etc/a');
  refused(bring(`${work}/catalogue.tar`, 'words'), 'words', /File name too long/);
});

test('--limit is that of the tree, not of the archive that holds its image', () => {
  const layer = tarOf([{ name: 'etc/a', text: 'x'.repeat(50_000) }]);
  good(bring(dockerArchive('limit.tar', [layer]), 'limit', '--limit', '60k'));
  refused(bring(`${work}/limit.tar`, 'limits', '--limit', '40k'), 'limits', /larger than --limit/);
  forget('limit');
});

test('names may be as long as they like', () => {
  const long = 'n'.repeat(300);
  assert.match(bring(`${work}/small.tar`, long).stderr, /^chos-runtime: `n+` is no name for a tree/);
  // Longer than a path can be, by links: it cannot be read, nor is it left.
  const half = (name: string) => Array.from({ length: 15 }, () => name.repeat(200)).join('/');
  run(
    'sh',
    '-c',
    `mkdir -p ${base}/deep/etc ${base}/deep/${half('d')} && ln -s ${half('d')} ${base}/deep/way`,
  );
  run('tar', '-C', `${base}/deep`, '-cf', `${work}/deep.tar`, 'etc', 'd'.repeat(200), 'way');
  run('tar', '-C', `${base}/deep`, '--transform', 's,^,way/,', '-rf', `${work}/deep.tar`, 'd'.repeat(200));
  refused(bring(`${work}/deep.tar`, 'deep'), 'deep', /read `.*: File name too long/);
  // Node has no stack for so many steps; the line is a line.
  const steps = `s,^,etc/${'d/'.repeat(2500)},`;
  run('tar', '-C', `${base}/one/etc`, '--transform', steps, '-cf', `${work}/steps.tar`, 'os-release');
  const ran = bring(`${work}/steps.tar`, 'steps');
  refused(ran, 'steps', /read `.*….*: File name too long/);
  assert.ok(ran.stderr.length < 500);
});

/** An import that waits in the middle: its source is a fifo that nobody writes to any more. */
async function atWork(name: string) {
  const path = `${work}/slow`;
  rmSync(path, { force: true });
  const bytes = tarOf(Array.from({ length: 20000 }, (_, i) => ({ name: `etc/${i}`, text: 'x' })));
  put('slow', bytes);
  const child = spawn(runtime, ['tree', 'import', path, '--name', name], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.on('data', chunk => {
    said += chunk;
  });
  const ended = new Promise<number | null>(resolve => child.on('close', code => resolve(code)));
  await new Promise<void>(resolve => child.stdout.on('data', () => said.includes('unpacking') && resolve()));
  return { child, ended };
}

test('one that is killed leaves nothing that is listed, and the next begins anew', async () => {
  const { child, ended } = await atWork('killed');
  assert.match(bring(`${work}/small.tar`, 'killed').stderr, /another command is at work on `killed`/);
  child.kill('SIGKILL');
  await ended;
  assert.doesNotMatch(good(chos('tree', 'list')), /killed/);
  let next = bring(`${work}/small.tar`, 'killed');
  // Its child notices a moment later, and has the lock until then.
  for (const until = Date.now() + 10_000; /at work/.test(next.stderr) && Date.now() < until; )
    next = bring(`${work}/small.tar`, 'killed');
  good(next);
  assert.deepEqual(readdirSync(`${store}/killed`).sort(), ['1', '1.json', 'current', 'lock']);
  assert.deepEqual(ownIn('killed', '/etc'), ['a']);
  forget('killed');
});

test('what is changed after it was judged is not taken', async () => {
  const size = statSync(`${work}/slow`).size;
  const path = `${work}/slow`;
  const child = spawn(runtime, ['tree', 'import', path, '--name', 'changed'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', chunk => {
    said.out += chunk;
    if (!said.out.includes('unpacking')) return;
    // The last name: bsdtar has thousands to write before it comes there.
    const fd = openSync(path, 'r+');
    writeSync(fd, 'y', size - 1024 - 512);
    closeSync(fd);
  });
  child.stderr.on('data', chunk => {
    said.err += chunk;
  });
  const status = await new Promise<number | null>(resolve => child.on('close', resolve));
  assert.equal(status, 1, said.out);
  assert.match(said.err, /slow`: its digest is sha256:.*, not sha256:/);
  assert.equal(existsSync(`${store}/changed`), false);
});

export { cases as importRefusedCases };

/** `tree import`: what comes in, and what is refused and leaves nothing. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
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
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dockerArchive, gzip, ociLayout, put, run, sha256, tarOf, textOf, work } from './archives.js';
import { caseList, good } from './case.js';
import {
  base,
  chos,
  hostMounts,
  makeTree,
  removeRegistry,
  runtime,
  shell,
  writeRegistry,
} from './machine.js';

const { cases, test } = caseList('import: ');

const store = '/var/lib/chos/trees';
const bring = (source: string, name: string, ...options: readonly string[]) =>
  chos('tree', 'import', source, '--name', name, ...options);

/** One line of that kind, and nothing is left of the name. */
function refused(ran: ReturnType<typeof chos>, name: string, words: RegExp): void {
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /^chos-runtime: [^\n]+\n$/);
  assert.match(ran.stderr, words);
  assert.equal(existsSync(`${store}/${name}`), false, 'something is left in the store');
  const inRegistry = readdirSync('/etc/chos.d').filter(file => file.includes(name));
  assert.deepEqual(inRegistry, []);
}

function forget(...names: readonly string[]): void {
  for (const name of names) {
    removeRegistry(`${name}.json`);
    rmSync(`${store}/${name}`, { recursive: true, force: true });
  }
}

/** A tree with all that an archive may lose. */
function rich(): string {
  const tree = makeTree('rich', ['home', 'var']);
  run('cp', '/bin/true', `${tree}/bin/able`);
  run('setcap', 'cap_net_raw+ep', `${tree}/bin/able`);
  run('ln', `${tree}/bin/able`, `${tree}/bin/hard`);
  run('truncate', '-s', '40M', `${tree}/var/holes`);
  run('chown', '1234:2345', `${tree}/var/holes`);
  run('chmod', '2751', `${tree}/var`);
  run('ln', '-s', '/etc/os-release', `${tree}/absolute`);
  run('mknod', `${tree}/dev/null`, 'c', '1', '3');
  run('touch', `${tree}/with a line\nand \\ -> \u00e4`);
  return tree;
}

test('a tar comes in with all that it has, in any compression, and is an environment at once', () => {
  const tree = rich();
  mkdirSync(work, { recursive: true });
  run('bsdtar', '--format=pax', '--numeric-owner', '-C', tree, '-cf', `${work}/rich.tar`, '.');
  for (const [pack, end] of [
    ['gzip', 'gz'],
    ['xz', 'xz'],
    ['zstd', 'zst'],
    ['bzip2', 'bz2'],
  ] as const) {
    run('sh', '-c', `${pack} -c ${work}/rich.tar >${work}/rich.tar.${end}`);
    good(bring(`${work}/rich.tar.${end}`, `rich-${end}`));
  }
  good(bring(`${work}/rich.tar`, 'rich', '--devices'));
  const root = `${store}/rich/1`;
  assert.equal(good(chos('tree', 'digest', 'rich')), good(chos('tree', 'digest', tree)));
  assert.match(spawnSync('getcap', [`${root}/bin/able`], { encoding: 'utf8' }).stdout, /cap_net_raw=ep/);
  assert.equal(statSync(`${root}/bin/hard`).ino, statSync(`${root}/bin/able`).ino);
  assert.ok(statSync(`${root}/var/holes`).blocks < 100);
  // Without --devices the one device is missing, and nothing else.
  assert.equal(existsSync(`${store}/rich-gz/1/dev/null`), false);
  assert.notEqual(good(chos('tree', 'digest', 'rich-gz')), good(chos('tree', 'digest', 'rich')));
  assert.equal(good(chos('tree', 'digest', 'rich-gz')), good(chos('tree', 'digest', 'rich-zst')));
  assert.match(good(shell({ tree: 'rich-gz', own: true }, 'cat /absolute')), /ID=rich/);
  assert.match(good(chos('tree', 'list')), /rich-xz +Tree rich +\/var\/lib\/chos\/trees\/rich-xz\/current/);
  assert.equal(statSync(`${store}/rich`).mode & 0o7777, 0o755);
  forget('rich', 'rich-gz', 'rich-xz', 'rich-zst', 'rich-bz2');
});

test('the record says what it was made of', () => {
  const path = put(
    'small.tar',
    tarOf([
      { name: 'etc/', type: '5', mode: 0o755 },
      { name: 'etc/a', text: 'a' },
    ]),
  );
  const record = JSON.parse(
    good(bring(path, 'small', '--json', '--digest', `sha256:${sha256(readFileSync(path))}`)),
  );
  assert.deepEqual(record.layers, [`sha256:${sha256(readFileSync(path))}`]);
  assert.deepEqual([record.name, record.version, record.source, record.image], ['small', 1, path, null]);
  assert.equal(`${record.digest}\n`, good(chos('tree', 'digest', 'small')));
  assert.equal(record.path, `${store}/small/1`);
  assert.equal(JSON.parse(textOf(`${store}/small/1.json`)).digest, record.digest);
  refused(
    bring(path, 'other', '--digest', `sha256:${'0'.repeat(64)}`),
    'other',
    /its digest is sha256:.*, not sha256:0000/,
  );
  forget('small');
});

const base1 = tarOf([
  { name: 'etc/', type: '5', mode: 0o755 },
  { name: 'etc/kept', text: 'kept' },
  { name: 'etc/gone', text: 'gone' },
  { name: 'etc/lost/', type: '5', mode: 0o755 },
  { name: 'etc/lost/x', text: 'x' },
  { name: 'opt/', type: '5', mode: 0o755 },
  { name: 'opt/old', text: 'old' },
  { name: 'usr/lib/', type: '5', mode: 0o755 },
  { name: 'lib', type: '2', link: 'usr/lib' },
  { name: 'was-directory/inner', text: 'x' },
  { name: 'was-file', text: 'x' },
  { name: 'out', type: '2', link: '/etc' },
]);
const over = tarOf([
  { name: 'etc/.wh.gone' },
  { name: 'etc/.wh.lost' },
  { name: 'opt/new', text: 'new' },
  { name: 'opt/.wh..wh..opq' },
  { name: '.wh..wh.plnk/', type: '5' },
  { name: 'lib/libx', text: 'through the link' },
  { name: 'was-directory', text: 'a file' },
  { name: 'was-file/', type: '5', mode: 0o755 },
  { name: 'was-file/inner', text: 'x' },
  { name: 'out/.wh.kept' },
]);

function checkLayers(name: string): void {
  const root = `${store}/${name}/1`;
  assert.deepEqual(readdirSync(`${root}/etc`), []);
  assert.deepEqual(readdirSync(`${root}/opt`), ['new']);
  assert.equal(textOf(`${root}/usr/lib/libx`), 'through the link');
  assert.equal(readlinkSync(`${root}/lib`), 'usr/lib');
  assert.ok(lstatSync(`${root}/was-directory`).isFile());
  assert.equal(textOf(`${root}/was-file/inner`), 'x');
  assert.deepEqual(
    readdirSync(root).filter(file => file.startsWith('.wh')),
    [],
  );
}

test('layers lie one over the other: whiteouts, opaque directories, what changes its kind, links on the way', () => {
  const before = readdirSync('/etc').length;
  good(bring(ociLayout('layout', { layers: [gzip(base1), gzip(over)] }), 'oci'));
  checkLayers('oci');
  run('tar', '-C', `${work}/layout`, '-cf', `${work}/layout.tar`, '.');
  good(bring(`${work}/layout.tar`, 'packed'));
  checkLayers('packed');
  good(bring(dockerArchive('docker.tar', [base1, over]), 'docker'));
  checkLayers('docker');
  const digests = ['oci', 'packed', 'docker'].map(name => good(chos('tree', 'digest', name)));
  assert.equal(new Set(digests).size, 1);
  assert.deepEqual(JSON.parse(textOf(`${store}/docker/1.json`)).image.name, 'a:1');
  assert.equal(readdirSync('/etc').length, before);
  forget('oci', 'packed', 'docker');
});

test('of several images the one that is named', () => {
  const one = tarOf([{ name: 'etc/one' }]);
  const two = tarOf([{ name: 'etc/two' }]);
  const layout = ociLayout('two', { layers: [gzip(one)], name: 'v1' }, { layers: [gzip(two)], name: 'v2' });
  refused(bring(layout, 'several'), 'several', /holds more than one image; choose one with --image: v1, v2/);
  refused(bring(layout, 'several', '--image', 'v3'), 'several', /there is no image `v3` in .*did you mean/);
  good(bring(layout, 'several', '--image', 'v2'));
  assert.deepEqual(readdirSync(`${store}/several/1/etc`), ['two']);
  good(bring(dockerArchive('tags.tar', [one]), 'tags', '--image', 'b:1'));
  refused(bring(`${work}/tags.tar`, 'other', '--image', 'c:1'), 'other', /there is no image `c:1`/);
  forget('several', 'tags');
});

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
  refused(bring(put('words', 'no archive\n'.repeat(99)), 'bad'), 'bad', /words`: /);
  refused(bring(put('empty.tar', Buffer.alloc(1024)), 'bad'), 'bad', /empty\.tar`: /);
  const whole = tarOf([{ name: 'etc/a', text: 'x'.repeat(5000) }]);
  refused(bring(put('cut.tar', whole.subarray(0, 2000)), 'bad'), 'bad', /cut\.tar`: bsdtar: Truncated/);
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
  refused(bring(`${work}/up.tar`, '.bad'), '.bad', /is no name for a tree/);
  assert.match(chos('tree', 'import', `${work}/up.tar`).stderr, /--name/);
});

test('what is broken in an image is told with its place', () => {
  const layers = [gzip(base1)];
  const hex = sha256(gzip(base1));
  const layout = ociLayout('broken', { layers });
  put(`broken/blobs/sha256/${hex}`, gzip(over));
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
  assert.deepEqual(readdirSync(`${store}/killed/1/etc`), ['a']);
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

test('nothing is mounted for it', () => {
  assert.deepEqual(
    hostMounts().filter(line => line.includes(store)),
    [],
  );
});

export { cases as importCases };

/** `tree import`: what comes in. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dockerArchive, gzip, ociLayout, put, run, sha256, tarOf, textOf, work } from './archives.js';
import { caseList, good } from './case.js';
import { base1, bring, forget, over, ownIn, refused, store } from './imports.js';
import { base, chos, hostMounts, makeTree, removeRegistry, shell, writeRegistry } from './machine.js';

const { cases, test } = caseList('import: ');

/** Extended attributes of a file, and an ACL, by Python, which is there: r-- for the user 1234. */
const ATTRIBUTES = `import os, struct, sys
entries = [(1, 6, 2**32 - 1), (2, 4, 1234), (4, 4, 2**32 - 1), (16, 4, 2**32 - 1), (32, 4, 2**32 - 1)]
acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *one) for one in entries)
wanted = {'trusted.chos': b'of root', 'security.chos': bytes(range(256)), 'system.posix_acl_access': acl}
path = sys.argv[2]
if sys.argv[1] == 'set':
    for name, value in wanted.items(): os.setxattr(path, name, value)
    try: os.setxattr(path, 'user.chos', b'of its owner')
    except OSError: pass
else:
    print({name: os.getxattr(path, name) for name in sorted(os.listxattr(path))})
`;

const attributes = (verb: 'set' | 'get', path: string): string =>
  good(spawnSync('python3', ['-c', ATTRIBUTES, verb, path], { encoding: 'utf8' }));

/** The usual mount points there. */
const etc = ['passwd', 'group', 'nsswitch.conf', 'hosts', 'resolv.conf', 'localtime', 'machine-id'];

/** A tree with all that an archive may lose. */
function rich(): string {
  const tree = makeTree('rich', ['home', 'var']);
  run('cp', '/bin/true', `${tree}/bin/able`);
  run('setcap', 'cap_net_raw+ep', `${tree}/bin/able`);
  run('ln', `${tree}/bin/able`, `${tree}/bin/hard`);
  // Nothing has to be made in it.
  for (const name of etc) writeFileSync(`${tree}/etc/${name}`, '');
  mkdirSync(`${tree}/run`);
  run('truncate', '-s', '40M', `${tree}/var/holes`);
  run('chown', '1234:2345', `${tree}/var/holes`);
  run('chmod', '2751', `${tree}/var`);
  run('ln', '-s', '/etc/os-release', `${tree}/absolute`);
  run('mknod', `${tree}/dev/null`, 'c', '1', '3');
  attributes('set', `${tree}/etc/os-release`);
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
  const had = attributes('get', `${tree}/etc/os-release`);
  assert.match(had, /security\.chos.*system\.posix_acl_access.*trusted\.chos/);
  assert.equal(attributes('get', `${root}/etc/os-release`), had);
  assert.equal(attributes('get', `${store}/rich-zst/1/etc/os-release`), had);
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

test('mount points that a tree lacks are made, so that it is the root itself; what is there stays', () => {
  mkdirSync(`${base}/data/deeper`, { recursive: true });
  put('data.txt', 'of the host');
  writeRegistry(
    {
      files: { '/etc/hosts': 'host', '/etc/passwd': 'merge', '/opt/site.txt': `${work}/data.txt` },
      shares: [
        { path: `${base}/data` },
        { path: `${base}/data/deeper` },
        { path: `${base}/none`, optional: true },
      ],
    },
    'site.json',
  );
  const members = [
    { name: 'bin/', type: '5', mode: 0o755 },
    { name: 'etc/group', text: 'own', mode: 0o600 },
    { name: 'etc/machine-id', type: '2', link: '/outside' },
    { name: 'tmp/', type: '5', mode: 0o700 },
  ] as const;
  try {
    const record = JSON.parse(good(bring(put('bare.tar', tarOf(members)), 'bare', '--json')));
    const usual = etc.filter(name => !['group', 'machine-id'].includes(name)).map(name => `/etc/${name}`);
    const wanted = ['/proc', '/sys', '/dev', '/run', ...usual, '/opt/site.txt', `${base}/data`];
    assert.deepEqual(record.places.slice().sort(), wanted.sort());
    const root = `${store}/bare/1`;
    assert.deepEqual(
      [textOf(`${root}/etc/group`), readlinkSync(`${root}/etc/machine-id`), existsSync('/outside')],
      ['own', '/outside', false],
    );
    assert.deepEqual(
      ['etc/group', 'tmp', 'etc/hosts'].map(path => statSync(`${root}/${path}`).mode & 0o7777),
      [0o600, 0o700, 0o644],
    );
    assert.equal(good(chos('tree', 'digest', 'bare')), `${record.digest}\n`);
    const [prepared] = [JSON.parse(good(chos('tree', 'prepare', 'bare', '--json')))].flat();
    assert.deepEqual([prepared.root, prepared.why], ['tree', null]);
    good(chos('tree', 'release', 'bare'));
    // A share that came later, for the next version.
    const shares = [{ path: `${base}/data` }, { path: work }];
    writeRegistry({ trees: { bare: { path: `${store}/bare/current`, shares } } }, 'bare.json');
    const next = JSON.parse(good(chos('tree', 'update', 'bare', `${work}/bare.tar`, '--json')));
    assert.ok(next.places.includes(work), next.places);
  } finally {
    removeRegistry('site.json');
    forget('bare');
  }
});

function checkLayers(name: string): void {
  const root = `${store}/${name}/1`;
  assert.deepEqual(ownIn(name, '/etc'), []);
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
  assert.deepEqual(ownIn('several', '/etc'), ['two']);
  good(bring(dockerArchive('tags.tar', [one]), 'tags', '--image', 'b:1'));
  refused(bring(`${work}/tags.tar`, 'other', '--image', 'c:1'), 'other', /there is no image `c:1`/);
  forget('several', 'tags');
});

/** Where there is a device node. */
const devicesIn = (directory: string): readonly string[] =>
  spawnSync('find', [directory, '(', '-type', 'c', '-o', '-type', 'b', ')', '-printf', '%P\n'], {
    encoding: 'utf8',
  })
    .stdout.split('\n')
    .filter(Boolean)
    .sort();

test('no name of a device node is left without --devices, whatever later entries and layers make of it', () => {
  const first = tarOf([
    // A further name of it; with a mode that says that it is a device.
    { name: 'etc/os-release', text: 'ID=x' },
    { name: 'dev/null', type: '3' },
    { name: 'etc/hard', type: '1', link: 'dev/null' },
    { name: 'etc/says', type: '1', link: 'dev/null', mode: 0o20666 },
    { name: 'dev/disk', type: '4' },
    { name: 'etc/disk link to x', type: '1', link: 'dev/disk' },
    // Its name becomes a file.
    { name: 'e/one', type: '3' },
    { name: 'e/two', type: '1', link: 'e/one' },
    { name: 'e/one', text: 'x' },
    // The way to it leads elsewhere afterwards.
    { name: 'f/', type: '5', mode: 0o755 },
    { name: 'g/', type: '5', mode: 0o755 },
    { name: 'way', type: '2', link: 'g' },
    { name: 'way/three', type: '3' },
    { name: 'way', type: '2', link: 'f' },
    { name: 'h/four', type: '3' },
    { name: 'h/five\nsix', type: '3' },
  ]);
  // A whiteout, another kind and a further name in the layer behind it.
  const second = tarOf([
    { name: 'e/.wh.two' },
    { name: 'h', type: '2', link: 'g' },
    { name: 'dev/hard', type: '1', link: 'g/three' },
  ]);
  const layout = ociLayout('nodes', { layers: [gzip(first), gzip(second)] });
  for (const [name, source] of [
    ['nodes', layout],
    ['plain', put('nodes.tar', first)],
  ] as const) {
    good(bring(source, name));
    assert.deepEqual(devicesIn(`${store}/${name}`), []);
    assert.equal(textOf(`${store}/${name}/1/e/one`), 'x');
    assert.equal(
      `${JSON.parse(textOf(`${store}/${name}/1.json`)).digest}\n`,
      good(chos('tree', 'digest', name)),
    );
  }
  good(bring(layout, 'wanted', '--devices'));
  assert.deepEqual(devicesIn(`${store}/wanted/1`), [
    'dev/disk',
    'dev/hard',
    'dev/null',
    'etc/disk link to x',
    'etc/hard',
    'etc/says',
    'g/three',
  ]);
  forget('nodes', 'plain', 'wanted');
});

test('nothing is mounted for it', () => {
  assert.deepEqual(
    hostMounts().filter(line => line.includes(store)),
    [],
  );
});

export { cases as importCases };

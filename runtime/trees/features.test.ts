/** Features, from the registry to what a start gets. The host is a directory: `prefix`. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { specOf } from '../compile/test/input.js';
import { brokenFileLines } from '../report/broken-file-text.js';
import { contentFaultText, featureFaultText } from '../report/feature-text.js';
import { addFeatures, changedBy, namesIn } from './add-features.js';
import { entryChoice } from './entry-view.js';
import { type FeatureContent, lookAtFeatures, variablesOf } from './feature-content.js';
import { parseJsonFile } from './json-file.js';
import { treesText } from './public-files.js';
import { mergeFiles } from './read-registry.js';
import type { Registry } from './registry.js';
import { resolveFeatures } from './resolve-features.js';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'chos-features-')));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

function file(path: string, content: unknown = ''): void {
  mkdirSync(dirname(scratch + path), { recursive: true });
  writeFileSync(scratch + path, typeof content === 'string' ? content : JSON.stringify(content));
}

function registryOf(...contents: readonly object[]): Registry {
  return mergeFiles(
    contents.map((content, i) => {
      const read = parseJsonFile(`/etc/chos.d/${i}.json`, JSON.stringify(content));
      if (read.kind === 'refused') throw new Error(JSON.stringify(read.diagnostics));
      return read.file;
    }),
  );
}

const linesOf = ({ broken }: Registry): readonly string[] => broken.flatMap(brokenFileLines);
const said = (...contents: readonly object[]): readonly string[] => linesOf(registryOf(...contents));
const first = (lines: readonly string[]): string => lines[0] ?? '';

function resolved(features: object, names: readonly string[]): readonly string[] | string {
  const found = resolveFeatures(registryOf({ features }).features, names);
  return found.kind === 'features' ? found.features.map(one => one.name) : featureFaultText(found.fault);
}

function contentOf(features: object, names = Object.keys(features)): readonly FeatureContent[] | string {
  const found = resolveFeatures(registryOf({ features }).features, names);
  if (found.kind === 'fault') throw new Error(featureFaultText(found.fault));
  const looked = lookAtFeatures(found.features, scratch);
  return looked.kind === 'content' ? looked.content : contentFaultText(looked.feature.name, looked.fault);
}

/** What is wrong, in words. */
const faultOf = (features: object): string => {
  const content = contentOf(features);
  return typeof content === 'string' ? content : '';
};

test('what a feature requires comes before it, and what conflicts is refused', () => {
  const features = {
    gpu: { requires: ['driver'] },
    mpi: { requires: ['driver', 'ucx'] },
    driver: {},
    ucx: {},
    rocm: { conflicts: ['gpu'] },
  };
  assert.equal(resolved(features, ['gpu', 'mpi', 'gpu']), ['driver', 'gpu', 'ucx', 'mpi']);
  assert.is(resolved(features, ['gpu', 'rocm']), 'the features `rocm` and `gpu` do not go together');
  assert.is(resolved(features, ['gpuu']), 'no feature `gpuu` is registered; did you mean `gpu`?');
  assert.match(String(resolved({}, ['x'])), /`x` is registered; there is none/);
  const same = { a: { files: [{ path: '/a', at: '/x' }] }, b: { files: [{ path: '/b', at: '/x' }] } };
  assert.is(resolved(same, ['a', 'b']), 'the features `a` and `b` put different files at /x');
  assert.equal(registryOf({ features, trees: { t: { path: '/t', features: ['mpi'] } } }).broken, []);
});

test('the registry says what is wrong between features, and a tree that asks for such is none', () => {
  assert.equal(
    said({ features: { a: { requires: ['b'] }, b: { requires: ['c'] }, c: { requires: ['b'] } } }),
    [
      '/etc/chos.d/0.json:1:18: features.a: features require each other in a circle: b, c, b',
      '/etc/chos.d/0.json:1:41: features.b: features require each other in a circle: b, c, b',
      '/etc/chos.d/0.json:1:64: features.c: features require each other in a circle: c, b, c',
    ],
  );
  assert.match(
    first(said({ features: { a: { requires: ['bb'] }, b: {} } })),
    /features.a: no feature `bb` is registered, which `a` requires; did you mean `b`\?$/,
  );
  const one = registryOf(
    { trees: { t: { path: '/t', features: ['gup'] }, u: { path: '/u' } } },
    { features: { gpu: {} } },
  );
  assert.equal([...one.trees.keys()], ['u']);
  assert.match(
    first(linesOf(one)),
    /0.json:1:\d+: trees.t.features: no feature `gup` is registered; did you mean `gpu`\?$/,
  );
  assert.equal(one.broken[0]?.trees, ['t']);
  assert.match(
    first(said({ features: { a: {} } }, { features: { a: {} } })),
    /features.a is registered already, in \/etc\/chos.d\/1.json:1$/,
  );
});

test('a file says where a feature is wrong', () => {
  const wrong = (feature: object, name = 'a'): string => {
    const read = parseJsonFile('r.json', JSON.stringify({ features: { [name]: feature } }));
    return read.kind === 'refused'
      ? read.diagnostics.map(({ path, what }) => `${path} ${what.kind}`).join()
      : '';
  };
  assert.is(wrong({ file: [] }), 'features.a.file unknown-name');
  assert.is(wrong({ files: [{ path: '/x', to: '/y' }] }), 'features.a.files[0].to unknown-name');
  assert.is(wrong({ files: [{ path: 'x' }] }), 'features.a.files[0].path not-absolute');
  assert.is(wrong({ files: [{ path: '/x', at: '/y/../z' }] }), 'features.a.files[0].at dot-dot');
  assert.is(wrong({ files: [{ path: '/x', at: '/' }] }), 'features.a.files[0].at root-directory');
  assert.is(
    wrong({ files: [{ path: '/x' }, { path: '/y', at: '/x/' }] }),
    'features.a.files[1].at duplicate',
  );
  assert.is(wrong({ devices: [{}] }), 'features.a.devices[0].path missing');
  assert.is(wrong({ devices: [{ path: '/dev/x', cdi: 'a/b=c' }] }), 'features.a.devices[0].cdi conflict');
  assert.is(wrong({ devices: [{ cdi: 'gpu0' }] }), 'features.a.devices[0].cdi wrong-form');
  assert.is(
    wrong({ devices: [{ path: '/dev/x', access: 'rx' }] }),
    'features.a.devices[0].access wrong-form',
  );
  assert.is(wrong({ set: ['X'] }), 'features.a.set[0] not-an-assignment');
  assert.is(wrong({ prepend: ['X'] }), 'features.a.prepend[0] not-an-assignment');
  assert.is(wrong({}, 'a,b'), 'features["a,b"] bad-tree-name');
});

test('variables are set, then prepended to', () => {
  const given = ['A=1', 'B=2', 'B=3', 'E='];
  assert.equal(changedBy({ set: ['A=x'], prepend: ['A=y', 'B=z', 'C=w', 'C=v', 'E=u'] }, given), [
    'A=y:x',
    'B=z:3',
    'C=v:w',
    'E=u',
  ]);
  assert.equal(namesIn(' gpu,,mpi '), ['gpu', 'mpi']);
});

test('files, devices and variables become those of the container, behind its own', () => {
  file('/usr/lib/driver/lib.so');
  symlinkSync('driver', `${scratch}/usr/lib/current`);
  const features = {
    gpu: {
      files: [
        { path: '/usr/lib/current/lib.so', at: '/opt/gpu/lib.so' },
        { path: '/usr/lib/driver', writable: true },
      ],
      set: ['GPU=all'],
      prepend: ['LD_LIBRARY_PATH=/opt/gpu', 'PATH=/opt/bin'],
    },
  };
  const content = contentOf(features);
  if (typeof content === 'string') throw new Error(content);
  const device = { at: '/dev/gpu0', type: 'c', major: 195, minor: 300, mode: 0o666, access: 'rw' } as const;
  const [only] = content;
  if (only === undefined) throw new Error('none');
  const before = specOf({
    process: { env: ['PATH=/bin'] },
    mounts: [{ destination: '/tmp', type: 'tmpfs' }],
    linux: { resources: { devices: [{ allow: false, access: 'rwm' }] } },
  }).config;
  const { config, variables, added } = addFeatures(
    before,
    [{ ...only, devices: [device], groups: [44] }],
    ['LD_LIBRARY_PATH=/site'],
  );
  assert.equal(
    config.mounts
      .slice(before.mounts.length)
      .map(mount => mount.kind === 'bind' && [mount.source, mount.place, mount.options.join()]),
    [
      ['/usr/lib/driver/lib.so', '/opt/gpu/lib.so', 'bind,rro,rprivate,nosuid,nodev'],
      ['/usr/lib/driver', '/usr/lib/driver', 'rbind,rw,rslave,nosuid,nodev'],
    ],
  );
  const { index, place, major, minor } = config.linux.devices.at(-1) ?? {};
  assert.equal([index, place, major, minor], [before.linux.devices.length, '/dev/gpu0', 195, 300]);
  assert.equal(config.linux.resources.devices.at(-1), {
    allow: true,
    type: 'c',
    major: 195,
    minor: 300,
    access: 'rw',
  });
  assert.equal(config.process.user.additionalGids.slice(-1), [44]);
  assert.equal(variables, ['GPU=all', 'LD_LIBRARY_PATH=/opt/gpu:/site', 'PATH=/opt/bin:/bin']);
  assert.equal(config.process.env.slice(before.process.env.length), variables);
  const [one] = added;
  assert.equal([one?.mounts, one?.variables], [{ from: 1, to: 3 }, ['GPU', 'LD_LIBRARY_PATH', 'PATH']]);
});

test('what is optional and not there is left out, and else refused', () => {
  const missing = { path: '/usr/lib/none' };
  const device = { cdi: 'a.com/gpu=9' };
  const optional = { optional: true };
  const all = contentOf({
    a: { files: [{ ...missing, ...optional }], devices: [{ ...device, ...optional }] },
  });
  assert.equal(typeof all === 'string' ? all : all[0]?.leftOut, ['/usr/lib/none', 'a.com/gpu=9']);
  assert.is(
    contentOf({ a: { files: [missing] } }),
    'feature `a`: /usr/lib/none: No such file or directory; install it, or say "optional"',
  );
  assert.match(
    faultOf({ a: { devices: [device] } }),
    /no specification in \/etc\/cdi or \/run\/cdi has the device a.com\/gpu=9/,
  );
  file('/usr/lib/plain');
  assert.match(faultOf({ a: { devices: [{ path: '/usr/lib/plain' }] } }), /plain is no device/);
});

test('a device of CDI brings its nodes, mounts, variables and groups', () => {
  file('/usr/lib/cdi.so');
  const edits = {
    mounts: [
      {
        hostPath: '/usr/lib/cdi.so',
        containerPath: '/opt/cdi.so',
        options: ['ro', 'nosuid', 'nodev', 'noexec', 'rbind', 'rprivate'],
      },
    ],
    env: ['ALL=1'],
    additionalGids: [7],
  };
  const hooks = [{ hookName: 'createContainer', path: '/usr/bin/ldcache' }];
  const content = {
    cdiVersion: '0.6.0',
    kind: 'a.com/gpu',
    devices: [{ name: '0', containerEdits: { env: ['ONE=2'] } }],
    containerEdits: edits,
  };
  const asked = { g: { devices: [{ cdi: 'a.com/gpu=0' }] } };
  file('/etc/cdi/a.json', content);
  const found = contentOf(asked);
  if (typeof found === 'string') throw new Error(found);
  assert.equal(found[0]?.files, [
    { source: '/usr/lib/cdi.so', at: '/opt/cdi.so', writable: false, noexec: true, directory: false },
  ]);
  assert.equal([found[0]?.set, found[0]?.groups], [['ALL=1', 'ONE=2'], [7]]);
  const { features } = registryOf({ features: asked });
  assert.equal(variablesOf([...features.values()], scratch).set, ['ALL=1', 'ONE=2']);

  file('/etc/cdi/a.json', { ...content, containerEdits: { ...edits, hooks } });
  assert.match(
    faultOf(asked),
    /a.json wants to run \/usr\/bin\/ldcache, which features do not; leave it out with "skipPrograms"/,
  );
  assert.type(contentOf({ g: { ...asked.g, skipPrograms: true } }), 'object');
  file('/etc/cdi/b.json', content);
  assert.match(faultOf(asked), /a.com\/gpu=0 is in two specifications in \/etc\/cdi/);
  // The later directory counts.
  file('/run/cdi/a.json', { ...content, containerEdits: {} });
  const later = contentOf(asked);
  assert.equal(typeof later === 'string' ? later : later[0]?.set, ['ONE=2']);
  for (const wrong of [
    '{',
    { ...content, containerEdits: { mounts: [{ hostPath: '/x/../y', containerPath: '/z' }] } },
    { ...content, devices: 1 },
    { ...content, devices: [{ containerEdits: {} }] },
    { ...content, containerEdits: { mounts: [{ hostPath: '/x', containerPath: '/z', options: ['idmap'] }] } },
  ]) {
    file('/run/cdi/a.json', wrong);
    assert.match(faultOf(asked), /\/run\/cdi\/a.json/);
  }
  rmSync(`${scratch}/run/cdi/a.json`);
  rmSync(`${scratch}/etc/cdi`, { recursive: true });
});

test('chos gets the variables in lines of their own, and files by mounts', () => {
  for (const name of ['proc', 'sys', 'dev', 'opt', 'home'])
    mkdirSync(`${scratch}/tree/${name}`, { recursive: true });
  file('/usr/lib/one.so');
  const content = {
    trees: { t: { path: '/tree', features: ['gpu'] } },
    features: {
      gpu: { files: [{ path: '/usr/lib/one.so', at: '/opt/one.so' }], set: ['X=1'], prepend: ['P=/opt'] },
    },
  };
  const registry = registryOf(content);
  const [tree] = registry.trees.values();
  if (tree === undefined) throw new Error('no tree');
  const variables = variablesOf([...registry.features.values()], scratch);
  assert.match(treesText(registry, new Map(), new Map([['t', variables]])), 'env X=1\nprepend P=/opt\n');
  const loaded = { kind: 'present', version: '0.1.0', skeleton: '/chos', valid: new Set(['/tree']) } as const;
  const choice = entryChoice(tree, registry, loaded, scratch);
  assert.is(choice.kind, 'mounts');
  assert.equal(
    choice.kind === 'mounts' &&
      choice.shares.map(one => [one.source, one.place, one.readonly, one.file, one.feature?.name]),
    [['/usr/lib/one.so', '/opt/one.so', true, true, 'gpu']],
  );
  const must = entryChoice({ ...tree, backEnd: 'kmod' }, registry, loaded, scratch);
  assert.match(
    must.kind === 'refused' ? must.why : '',
    /demands the back end kmod, but its feature gpu shows \/usr\/lib\/one.so/,
  );
});

test.run();

/** Samples of the keys of a registry file. They are compared as read, and as compiled where the compiler is handed them. */
import type { Proof } from './proof.js';
import { below, type Samples } from './sample.js';

const tree = { 'trees.one.path': '/os/one' };

const hook: Samples = {
  path: { value: '/bin/one', other: '/bin/two' },
  args: { value: ['one', 'two'], beside: { path: '/bin/one' } },
  env: { value: ['ONE=1'], beside: { path: '/bin/one' } },
  timeout: { value: 7, beside: { path: '/bin/one' } },
};

const hookKinds = ['createRuntime', 'startContainer', 'poststart', 'poststop'];

const share: Samples = {
  path: { value: '/srv/one', other: '/srv/two' },
  readonly: { value: true, beside: { path: '/srv/one' } },
  optional: { value: true, beside: { path: '/srv/one' } },
};

const choice: Samples = {
  user: { value: 'anna', beside: { tree: 'one' }, other: 'otto' },
  group: { value: 'physics', beside: { tree: 'one' }, other: 'biology' },
  host: { value: 'gpu*', beside: { tree: 'one' }, other: 'node*' },
  tree: { value: 'one', other: 'default', beside: { user: 'anna' } },
};

const feature: Samples = {
  description: { value: 'first' },
  'files[].path': { value: '/srv/one', other: '/srv/two' },
  'files[].at': { value: '/opt/one', beside: { path: '/srv/one' } },
  'files[].writable': { value: true, beside: { path: '/srv/one' } },
  'files[].optional': { value: true, beside: { path: '/srv/one' } },
  'devices[].path': { value: '/dev/one', other: '/dev/two' },
  'devices[].cdi': { value: 'a.com/gpu=0', other: 'a.com/gpu=1' },
  'devices[].access': { value: 'r', beside: { path: '/dev/one' } },
  'devices[].optional': { value: true, beside: { path: '/dev/one' } },
  set: { value: ['ONE=1'] },
  prepend: { value: ['ONE=1'] },
  skipPrograms: { value: true },
  requires: { value: ['two'] },
  conflicts: { value: ['two'] },
};

const ofTree: Samples = {
  path: { value: '/os/one', other: '/os/two' },
  ...below('shares[].', share),
  backEnd: { value: 'private' },
  readonly: { value: true },
  env: { value: ['ONE=1'] },
  'environment.keep': { value: ['LANG'] },
  'environment.unset': { value: ['LANG'] },
  'environment.set': { value: ['ONE=1'] },
  'environment.path': { value: ['/bin'] },
  ...Object.assign({}, ...hookKinds.map(kind => below(`hooks.${kind}[].`, hook))),
  features: { value: ['one'] },
  cpuLevel: { value: 'x86-64-v3' },
  shell: { value: 'bash' },
  description: { value: 'first' },
};

export const registrySamples: Samples = {
  ...below('shares[].', share, { also: tree }),
  'files.*': { value: 'host', names: ['/etc/hosts'], also: tree },
  elide: { value: 'strict', also: tree },
  default: { value: 'one', also: tree },
  ...below('choices[].', choice, { also: tree }),
  'trees.*.files.*': { value: 'host', names: ['one', '/etc/hosts'], also: tree },
  ...below('features.*.', feature, { names: ['one'], also: tree }),
  ...below('trees.*.', ofTree, { names: ['one'], also: tree }),
};

const trees = 'conformance/trees/cases.ts';
const registry = 'conformance/trees/registry-cases.ts';
const optional: Proof = {
  file: registry,
  test: 'an optional share that is not there is left out, and is there when the host has it',
};

const shown: Proof = {
  file: 'runtime/trees/render-files.test.ts',
  test: 'the nearest that names a file counts, and it is shown like a share that is read-only',
};

const chosen: Proof = {
  file: 'runtime/trees/public-files.test.ts',
  test: 'choices, each with its one condition, in their order',
};

const variables: Proof = {
  file: 'runtime/trees/public-files.test.ts',
  test: 'what becomes of the environment of the caller',
};

const featured = (test: string): Proof => ({ file: 'runtime/trees/features.test.ts', test });
const added = featured('files, devices and variables become those of the container, behind its own');
const optionalFeature = featured('what is optional and not there is left out, and else refused');
const cdi = featured('a device of CDI brings its nodes, mounts, variables and groups');
const together = featured('what a feature requires comes before it, and what conflicts is refused');

/** Those of which no program tells: what fails when they are ignored. */
export const registryProofs: Readonly<Record<string, Proof>> = {
  'shares[].optional': optional,
  'trees.*.shares[].optional': optional,
  'choices[].user': chosen,
  'choices[].group': chosen,
  'choices[].host': chosen,
  'choices[].tree': chosen,
  'trees.*.environment.keep': variables,
  'trees.*.environment.unset': variables,
  'trees.*.environment.set': variables,
  'trees.*.environment.path': variables,
  'files.*': shown,
  'trees.*.files.*': shown,
  elide: { file: 'runtime/compile/views/elision.test.ts', test: 'a site may insist that private is private' },
  default: { file: registry, test: 'default is the tree that the registry names so' },
  'features.*.description': { file: 'conformance/trees/feature-cases.ts', test: 'what a tree gets is shown' },
  'features.*.files[].path': added,
  'features.*.files[].at': added,
  'features.*.files[].writable': added,
  'features.*.files[].optional': optionalFeature,
  'features.*.devices[].path': added,
  'features.*.devices[].cdi': cdi,
  'features.*.devices[].access': added,
  'features.*.devices[].optional': optionalFeature,
  'features.*.set': added,
  'features.*.prepend': added,
  'features.*.skipPrograms': cdi,
  'features.*.requires': together,
  'features.*.conflicts': together,
  'trees.*.features': together,
  'trees.*.cpuLevel': {
    file: 'runtime/trees/abi.test.ts',
    test: 'what the registry demands of the CPU is compared with it',
  },
  'trees.*.backEnd': { file: trees, test: 'a tree that must be pinned is refused while it is not prepared' },
  'trees.*.shell': {
    file: 'runtime/cli/default-config.test.ts',
    test: 'the shell of a tree is what its bundle starts',
  },
  'trees.*.description': { file: trees, test: 'list, show and check tell of the trees' },
};

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
  'trees.*.backEnd': { file: trees, test: 'a tree that must be pinned is refused while it is not prepared' },
  'trees.*.shell': {
    file: 'runtime/cli/default-config.test.ts',
    test: 'the shell of a tree is what its bundle starts',
  },
  'trees.*.description': { file: trees, test: 'list, show and check tell of the trees' },
};

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unsupported } from '../../spec/features.js';
import { oneLine } from '../report/diagnostic.js';
import { admit } from './admit.js';

const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];

/** Each asks for one row of the table; `at` is the beginning of the value that is blamed. */
const cases: readonly (readonly [
  feature: string,
  linux: object,
  mounts: readonly object[],
  at: string,
  annotations?: object,
])[] = [
  ['run.oci.handler', {}, [], '"krun"', { 'run.oci.handler': 'krun' }],
  ['user namespaces', { namespaces: [{ type: 'user' }] }, [], '"user"'],
  ['user namespaces', { namespaces: [{ type: 'user', path: '/proc/7/ns/user' }] }, [], '"user"'],
  ['uid and gid mappings', { uidMappings: mapping }, [], '[{"containerID"'],
  ['uid and gid mappings', { gidMappings: mapping }, [], '[{"containerID"'],
  ['idmapped mounts', {}, [{ destination: '/a', type: 'tmpfs', uidMappings: mapping }], '[{"containerID"'],
  ['idmapped mounts', {}, [{ destination: '/a', type: 'tmpfs', gidMappings: mapping }], '[{"containerID"'],
  ['idmapped mounts', {}, [{ destination: '/a', type: 'tmpfs', options: ['ro', 'idmap'] }], '"idmap"'],
  ['idmapped mounts', {}, [{ destination: '/a', type: 'tmpfs', options: ['ridmap'] }], '"ridmap"'],
  ['idmapped mounts', {}, [{ destination: '/a', type: 'tmpfs', options: ['idmap=uids=0-1-10'] }], '"idmap='],
  ['intelRdt', { intelRdt: { enableMonitoring: true } }, [], '{"enable'],
  ['netDevices', { netDevices: { eth0: { name: 'eth1' } } }, [], '{"eth0"'],
  ['memoryPolicy', { memoryPolicy: { mode: 'MPOL_BIND', nodes: '0' } }, [], '{"mode"'],
  ['SCMP_ACT_NOTIFY', { seccomp: { defaultAction: 'SCMP_ACT_NOTIFY' } }, [], '"SCMP_ACT_NOTIFY"'],
  [
    'SCMP_ACT_NOTIFY',
    {
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['open'], action: 'SCMP_ACT_NOTIFY' }],
      },
    },
    [],
    '"SCMP_ACT_NOTIFY"',
  ],
];

function refusal(linux: object, mounts: readonly object[], annotations: object = {}) {
  const text = JSON.stringify({
    ociVersion: '1.3.0',
    root: { path: 'rootfs' },
    process: { args: ['sh'], cwd: '/' },
    mounts,
    linux,
    annotations,
  });
  const result = admit({ file: 'config.json', text });
  return { text, diagnostics: result.kind === 'refused' ? result.diagnostics : [] };
}

test('what this version cannot do is refused at the value that asks for it', () => {
  for (const [feature, linux, mounts, at, annotations] of cases) {
    const { text, diagnostics } = refusal(linux, mounts, annotations);
    assert.is(diagnostics.length, 1, feature);
    assert.equal(diagnostics[0]?.what.kind === 'unsupported' && diagnostics[0].what.feature, feature);
    assert.is(diagnostics[0]?.column, text.indexOf(at) + 1, JSON.stringify(linux));
  }
});

test('every row of the table has a case', () => {
  const features = new Set(cases.map(([feature]) => feature));
  assert.equal(
    unsupported.map(({ feature }) => feature).filter(feature => !features.has(feature)),
    [],
  );
});

test('the sentence says what would come of leaving it out', () => {
  const { diagnostics } = refusal({ namespaces: [{ type: 'user' }] }, []);
  assert.equal(diagnostics.map(oneLine), [
    'config.json:1:127: linux.namespaces[0].type: user namespaces not supported yet by chos-runtime ' +
      '(without it root in the container would be root on the host)',
  ]);
});

test.run();

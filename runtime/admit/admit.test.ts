import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine } from '../report/diagnostic.js';
import { admit, admitProcess, admitResources } from './admit.js';
import { changed, refusal, type Tree, validConfig } from './test/config.js';

const acceptedCases: readonly (readonly [name: string, path: string, value: unknown])[] = [
  ['nothing special', '', undefined],
  ['any 1.x.y version', 'ociVersion', '1.0.2-dev'],
  ['a later minor version', 'ociVersion', '1.99.0+build'],
  ['unknown properties', 'surprise', { deep: [1, null, { x: 'y' }] }],
  ['unknown properties inside', 'linux.surprise', 12],
  ['sections of other systems', 'windows', 'not even an object'],
  ['no linux section without a hostname', 'hostname', ''],
  ['unknown capabilities', 'process.capabilities', { bounding: ['CAP_FUTURE'], ambient: [] }],
  [
    'unknown system calls',
    'linux.seccomp',
    { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['future'], action: 'SCMP_ACT_KILL' }] },
  ],
  [
    'an errno for ERRNO and TRACE',
    'linux.seccomp',
    {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 38,
      syscalls: [{ names: ['a'], action: 'SCMP_ACT_TRACE', errnoRet: 1 }],
    },
  ],
  [
    'a listener path that nothing uses',
    'linux.seccomp',
    { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/run/agent' },
  ],
  ['null for absent', 'process.rlimits', null],
  ['null for absent deep inside', 'linux.resources', { memory: { limit: null }, cpu: null }],
  ['a namespace with an empty path', 'linux.namespaces[0].path', ''],
  ['empty lists of what is not supported', 'linux.uidMappings', []],
  ['empty maps of what is not supported', 'linux.netDevices', {}],
  ['a bind mount without type', 'mounts[0]', { destination: '/a', source: '/b', options: ['rbind', 'ro'] }],
  [
    'a bind mount of type none (Slurm)',
    'mounts[0]',
    { destination: '/a', type: 'none', source: '/b', options: ['bind'] },
  ],
  ['a remount without type', 'mounts[0]', { destination: '/a', options: ['remount', 'ro'] }],
  [
    'sysctls of own namespaces',
    'linux.sysctl',
    { 'net.core.somaxconn': '1', 'kernel.shmmax': '1', 'fs.mqueue.msg_max': '1', 'kernel.domainname': 'x' },
  ],
  ['sysctls written as paths', 'linux.sysctl', { 'net/ipv4/conf/eth0.1/forwarding': '1' }],
  ['sysctls with a dot in a name', 'linux.sysctl', { 'net.ipv4.conf.eth0/1.forwarding': '1' }],
  ['unlimited memory with swap', 'linux.resources.memory', { limit: 10, swap: -1 }],
  ['swap without limit if unlimited', 'linux.resources.memory', { swap: -1 }],
  [
    'wildcards in device rules',
    'linux.resources.devices',
    [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', major: -1, minor: -1, access: 'm' },
    ],
  ],
  ['a fifo without device number', 'linux.devices', [{ type: 'p', path: '/dev/initctl' }]],
  ['a NUL in an annotation', 'annotations', { note: 'a\0b' }],
  ['a systemd cgroups path', 'linux.cgroupsPath', 'machine.slice:libpod:abc..def'],
  [
    'a deadline scheduler',
    'process.scheduler',
    { policy: 'SCHED_DEADLINE', runtime: 1, deadline: 2, period: 0 },
  ],
  ['CPU lists', 'process.execCPUAffinity', { initial: '0-3,7', final: '' }],
];

test('what the spec allows is admitted', () => {
  for (const [name, path, value] of acceptedCases) {
    assert.equal(refusal(JSON.stringify(changed(path, value))), [], name);
  }
});

test('what the two reference runtimes write as a specimen is admitted', () => {
  // The shape of `runc spec`, with every kind of value it has.
  const mounts = [
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'gid=5'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['relatime', 'ro'] },
  ];
  const rlimits = [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }];
  const linux = {
    resources: { devices: [{ allow: false, access: 'rwm' }] },
    namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map(type => ({ type })),
    maskedPaths: ['/proc/acpi', '/sys/firmware'],
    readonlyPaths: ['/proc/bus'],
  };
  const config = {
    ...validConfig(),
    mounts,
    linux,
    process: { ...(validConfig().process as Tree), rlimits },
  };
  assert.equal(refusal(JSON.stringify(config)), []);
});

test('maskedPaths without a mount namespace would hide files of the host', () => {
  const config = { ...validConfig(), linux: { namespaces: [{ type: 'uts' }], maskedPaths: ['/proc/kcore'] } };
  const text = JSON.stringify(config);
  assert.equal(refusal(text), [
    `config.json:1:${text.indexOf('["/proc/kcore"]') + 1}: linux.maskedPaths needs a mount namespace in linux.namespaces`,
  ]);
});

test('admitted destinations are absolute', () => {
  const result = admit({
    file: 'config.json',
    text: JSON.stringify(changed('mounts[0].destination', 'proc')),
  });
  assert.is(result.kind === 'admitted' && result.spec.config.mounts[0]?.destination, '/proc');
});

test('numbers beyond 2^53 are kept exactly', () => {
  const limits = '[{"type":"RLIMIT_CORE","soft":18446744073709551614,"hard":18446744073709551615}]';
  const text = JSON.stringify(changed('process.rlimits', 0)).replace('"rlimits":0', `"rlimits":${limits}`);
  const result = admit({ file: 'config.json', text });
  assert.is(result.kind, 'admitted');
  if (result.kind !== 'admitted') return;
  assert.is(result.spec.config.process.rlimits[0]?.soft, 18446744073709551614n);
  assert.is(result.spec.config.process.rlimits[0]?.hard, 18446744073709551615n);
});

test('64-bit limits hold to the last digit', () => {
  const base = JSON.stringify(changed('linux.resources.memory.limit', 7));
  const withLimit = (limit: string) => refusal(base.replace('"limit":7', `"limit":${limit}`)).length;
  assert.is(withLimit('9223372036854775807'), 0);
  assert.is(withLimit('9223372036854771712'), 0);
  assert.is(withLimit('9223372036854775808'), 1);
  assert.is(withLimit('9007199254740993'), 0);
  assert.is(withLimit('1e3'), 0);
  assert.is(withLimit('1e19'), 1);
  assert.is(withLimit('1e999'), 1);
  assert.is(withLimit('1'.repeat(5000)), 1);
});

test('the place of a value, and of what is around a missing one', () => {
  const result = admit({ file: 'a/config.json', text: JSON.stringify(validConfig(), null, 2) });
  assert.is(result.kind, 'admitted');
  if (result.kind !== 'admitted') return;
  const { spec } = result;
  assert.is(spec.file, 'a/config.json');
  assert.equal(spec.place([]), { line: 1, column: 1 });
  assert.equal(spec.place(['process', 'args', 0]), { line: 5, column: 7 });
  assert.equal(spec.place(['mounts', 0]), { line: 21, column: 5 });
  assert.equal(spec.place(['mounts', 0, 'options', 3]), { line: 21, column: 5 });
  assert.equal(spec.place(['nothing', 'here']), { line: 1, column: 1 });
});

test('a process.json is checked like process, with paths of its own', () => {
  const refused = admitProcess({ file: 'process.json', text: '{"args": ["x"], "cwd": "y"}' });
  assert.equal(refused.kind === 'refused' && refused.diagnostics.map(oneLine), [
    'process.json:1:24: cwd must be an absolute path, not "y"',
  ]);
  const admitted = admitProcess({ file: 'process.json', text: '{"args": ["x"], "cwd": "/"}' });
  assert.equal(admitted.kind === 'admitted' && admitted.spec.process.args, ['x']);
});

test('a resources.json is checked like linux.resources', () => {
  const refused = admitResources({ file: '-', text: '{"memory": {"limit": 2, "swap": 1}}' });
  assert.equal(refused.kind === 'refused' && refused.diagnostics.map(oneLine), [
    '-:1:33: memory.swap must not be less than limit (2), not 1',
  ]);
  // A limit may hold already.
  assert.is(admitResources({ file: '-', text: '{"memory": {"swap": 1}}' }).kind, 'admitted');
  assert.is(admitResources({ file: '-', text: '{"pids": {"limit": -1}}' }).kind, 'admitted');
});

test.run();

/** Samples of the properties of `linux`. */
import { resourcesSamples } from './resources.js';
import { below, type Samples } from './sample.js';

const refused = { shows: 'refused' } as const;
const mapping = { containerID: 0, hostID: 1000, size: 1 };

const mappings: Samples = Object.fromEntries(
  ['uidMappings', 'gidMappings'].flatMap(name =>
    ['containerID', 'hostID', 'size'].map(property => [
      `${name}[].${property}`,
      { value: 1, beside: mapping, ...refused },
    ]),
  ),
);

const device = { type: 'c', path: '/dev/one', major: 4, minor: 5 };

const seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
const rule = { names: ['mkdir'], action: 'SCMP_ACT_ERRNO' };
const argument = { index: 0, value: 1, op: 'SCMP_CMP_EQ' };
const inProfile = { 'linux.seccomp.defaultAction': 'SCMP_ACT_ALLOW' };
const inTimeNamespace = { 'linux.namespaces': [{ type: 'mount' }, { type: 'time' }] };
const inRule = {
  ...inProfile,
  'linux.seccomp.syscalls[].names': ['mkdir'],
  'linux.seccomp.syscalls[].action': 'SCMP_ACT_ERRNO',
};

const seccompSamples: Samples = {
  defaultAction: { value: 'SCMP_ACT_LOG', other: 'SCMP_ACT_ALLOW', beside: { syscalls: [rule] } },
  defaultErrnoRet: { value: 7, beside: { defaultAction: 'SCMP_ACT_ERRNO' } },
  architectures: { value: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'], beside: { ...seccomp, syscalls: [rule] } },
  flags: { value: ['SECCOMP_FILTER_FLAG_LOG'], beside: { ...seccomp, syscalls: [rule] } },
  listenerPath: { value: '/run/one', beside: { ...seccomp, syscalls: [rule] } },
  listenerMetadata: { value: 'one', beside: { ...seccomp, listenerPath: '/run/one', syscalls: [rule] } },
  'syscalls[].names': { value: ['mkdir'], other: ['rmdir'], beside: rule, also: inProfile },
  'syscalls[].action': { value: 'SCMP_ACT_ERRNO', other: 'SCMP_ACT_KILL', beside: rule, also: inProfile },
  'syscalls[].errnoRet': { value: 7, beside: rule, also: inProfile },
  'syscalls[].args[].index': { value: 1, other: 0, beside: argument, also: inRule },
  'syscalls[].args[].value': { value: 2, other: 1, beside: argument, also: inRule },
  'syscalls[].args[].valueTwo': { value: 1, beside: { ...argument, op: 'SCMP_CMP_MASKED_EQ' }, also: inRule },
  'syscalls[].args[].op': { value: 'SCMP_CMP_NE', other: 'SCMP_CMP_EQ', beside: argument, also: inRule },
};

export const linuxSamples: Samples = {
  'namespaces[].type': { value: 'mount', other: 'ipc' },
  'namespaces[].path': { value: '/proc/7/ns/net', beside: { type: 'network' } },
  ...mappings,
  'timeOffsets.*.secs': { value: 5, names: ['boottime'], also: inTimeNamespace },
  'timeOffsets.*.nanosecs': { value: 5, beside: { secs: 5 }, names: ['boottime'], also: inTimeNamespace },
  'devices[].type': { value: 'c', other: 'b', beside: device },
  'devices[].path': { value: '/dev/one', other: '/dev/two', beside: device },
  'devices[].major': { value: 4, other: 6, beside: device },
  'devices[].minor': { value: 5, other: 6, beside: device },
  'devices[].fileMode': { value: 0o600, beside: device },
  'devices[].uid': { value: 7, beside: device },
  'devices[].gid': { value: 7, beside: device },
  'netDevices.*.name': { value: 'eth1', names: ['eth0'], ...refused },
  cgroupsPath: { value: '/one' },
  ...below('resources.', resourcesSamples),
  rootfsPropagation: { value: 'shared' },
  ...below('seccomp.', seccompSamples),
  'sysctl.*': {
    value: '1',
    names: ['net.ipv4.ip_forward'],
    also: { 'linux.namespaces': [{ type: 'mount' }, { type: 'network' }] },
  },
  maskedPaths: { value: ['/proc/one'] },
  readonlyPaths: { value: ['/proc/one'] },
  mountLabel: {
    value: 'system_u:object_r:container_file_t:s0',
    also: { mounts: [{ destination: '/a', type: 'tmpfs' }] },
  },
  'intelRdt.closID': { value: 'one', ...refused },
  'intelRdt.schemata': { value: ['L3:0=f'], ...refused },
  'intelRdt.l3CacheSchema': { value: 'L3:0=f', ...refused },
  'intelRdt.memBwSchema': { value: 'MB:0=20', ...refused },
  'intelRdt.enableMonitoring': { value: true, ...refused },
  'memoryPolicy.mode': { value: 'MPOL_BIND', ...refused },
  'memoryPolicy.nodes': { value: '0', beside: { mode: 'MPOL_BIND' }, ...refused },
  'memoryPolicy.flags': {
    value: ['MPOL_F_STATIC_NODES'],
    beside: { mode: 'MPOL_BIND', nodes: '0' },
    ...refused,
  },
  'personality.domain': { value: 'LINUX32', other: 'LINUX' },
  'personality.flags': { value: ['one'], beside: { domain: 'LINUX' }, shows: 'warned' },
};

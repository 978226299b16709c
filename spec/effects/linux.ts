/** Samples of the properties of `linux`. */
import { resourcesSamples } from './resources.js';
import { below, type Samples } from './sample.js';

const mapping = { containerID: 0, hostID: 1000, size: 1000 };
const inUserNamespace = { 'linux.namespaces': [{ type: 'mount' }, { type: 'user' }] };

/** Of each map there has to be one, with the user of the process in it. */
const mappings: Samples = Object.fromEntries(
  [
    ['uidMappings', 'gidMappings'],
    ['gidMappings', 'uidMappings'],
  ].flatMap(([name, other]) => {
    const somebody = { 'process.user.uid': 5, 'process.user.gid': 5 };
    const also = { ...inUserNamespace, ...somebody, [`linux.${other}`]: [mapping] };
    return [
      [`${name}[].containerID`, { value: 1, other: 0, beside: mapping, also }],
      [`${name}[].hostID`, { value: 2000, other: 1000, beside: mapping, also }],
      [`${name}[].size`, { value: 999, other: 1000, beside: mapping, also }],
    ];
  }),
);

const device = { type: 'c', path: '/dev/one', major: 4, minor: 5 };

const seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
const notified = { names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' };
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
  listenerPath: { value: '/run/one', other: '/run/two', beside: { ...seccomp, syscalls: [notified] } },
  listenerMetadata: { value: 'one', beside: { ...seccomp, listenerPath: '/run/one', syscalls: [notified] } },
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
  'netDevices.*.name': {
    value: 'eth1',
    names: ['eth0'],
    also: { 'linux.namespaces': [{ type: 'mount' }, { type: 'network' }] },
  },
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
  'intelRdt.closID': { value: 'one', other: 'two', beside: { schemata: ['L3:0=f'] } },
  'intelRdt.schemata': { value: ['L3:0=f'] },
  'intelRdt.l3CacheSchema': { value: 'L3:0=f' },
  'intelRdt.memBwSchema': { value: 'MB:0=20' },
  'intelRdt.enableMonitoring': { value: true },
  'memoryPolicy.mode': { value: 'MPOL_LOCAL', other: 'MPOL_DEFAULT' },
  'memoryPolicy.nodes': { value: '0', beside: { mode: 'MPOL_PREFERRED' } },
  'memoryPolicy.flags': {
    value: ['MPOL_F_STATIC_NODES'],
    beside: { mode: 'MPOL_BIND', nodes: '0' },
  },
  'personality.domain': { value: 'LINUX32', other: 'LINUX' },
  'personality.flags': { value: ['one'], beside: { domain: 'LINUX' }, shows: 'warned' },
};

/** Samples of the properties of config.json, but for those of `linux`. */
import { linuxSamples } from './linux.js';
import { below, type Samples } from './sample.js';

const hook: Samples = {
  path: { value: '/bin/one', other: '/bin/two' },
  args: { value: ['one', 'two'], beside: { path: '/bin/one' } },
  env: { value: ['ONE=1'], beside: { path: '/bin/one' } },
  timeout: { value: 7, beside: { path: '/bin/one' } },
};

const hookKinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'];

const mapping = { containerID: 0, hostID: 1000, size: 1000 };

/** Of one kind of ids there is no map without one of the other. */
const mappings: Samples = Object.fromEntries(
  [
    ['uidMappings', 'gidMappings'],
    ['gidMappings', 'uidMappings'],
  ].flatMap(([name, other]) => {
    const also = {
      'mounts[].destination': '/a',
      'mounts[].type': 'tmpfs',
      [`mounts[].${other}`]: [mapping],
    };
    return [
      [`mounts[].${name}[].containerID`, { value: 1, other: 0, beside: mapping, also }],
      [`mounts[].${name}[].hostID`, { value: 2000, other: 1000, beside: mapping, also }],
      [`mounts[].${name}[].size`, { value: 999, other: 1000, beside: mapping, also }],
    ];
  }),
);

const realtime = { policy: 'SCHED_FIFO', priority: 3 };
const deadline = { policy: 'SCHED_DEADLINE', runtime: 1_000_000, deadline: 2_000_000, period: 3_000_000 };

const process: Samples = {
  terminal: { value: true },
  'consoleSize.height': { value: 25, other: 26, beside: { width: 80 }, also: { 'process.terminal': true } },
  'consoleSize.width': { value: 80, other: 81, beside: { height: 25 }, also: { 'process.terminal': true } },
  'user.uid': { value: 7, other: 8, beside: { gid: 7 } },
  'user.gid': { value: 7, other: 8, beside: { uid: 7 } },
  'user.umask': { value: 0o77, beside: { uid: 0, gid: 0 } },
  'user.additionalGids': { value: [5], beside: { uid: 0, gid: 0 } },
  args: { value: ['/bin/sh', '-c', 'true'], other: ['/bin/sh'] },
  env: { value: ['ONE=1'] },
  cwd: { value: '/tmp', other: '/' },
  'capabilities.bounding': { value: ['CAP_KILL'] },
  'capabilities.effective': {
    value: ['CAP_KILL'],
    beside: { bounding: ['CAP_KILL'], permitted: ['CAP_KILL'] },
  },
  'capabilities.inheritable': {
    value: ['CAP_KILL'],
    beside: { bounding: ['CAP_KILL'], permitted: ['CAP_KILL'] },
  },
  'capabilities.permitted': { value: ['CAP_KILL'], beside: { bounding: ['CAP_KILL'] } },
  'capabilities.ambient': {
    value: ['CAP_KILL'],
    beside: { bounding: ['CAP_KILL'], permitted: ['CAP_KILL'], inheritable: ['CAP_KILL'] },
  },
  'rlimits[].type': { value: 'RLIMIT_CORE', other: 'RLIMIT_CPU', beside: { soft: 1, hard: 2 } },
  'rlimits[].soft': { value: 0, other: 1, beside: { type: 'RLIMIT_CORE', hard: 2 } },
  'rlimits[].hard': { value: 2, other: 3, beside: { type: 'RLIMIT_CORE', soft: 1 } },
  noNewPrivileges: { value: true },
  oomScoreAdj: { value: 100 },
  apparmorProfile: { value: 'one' },
  selinuxLabel: { value: 'system_u:system_r:container_t:s0' },
  'scheduler.policy': { value: 'SCHED_BATCH', other: 'SCHED_OTHER' },
  'scheduler.nice': { value: 5, beside: { policy: 'SCHED_BATCH' } },
  'scheduler.priority': { value: 4, other: 3, beside: realtime },
  'scheduler.flags': { value: ['SCHED_FLAG_RESET_ON_FORK'], beside: realtime },
  'scheduler.runtime': { value: 1_500_000, other: 1_000_000, beside: deadline },
  'scheduler.deadline': { value: 2_500_000, other: 2_000_000, beside: deadline },
  'scheduler.period': { value: 4_000_000, other: 3_000_000, beside: deadline },
  'ioPriority.class': { value: 'IOPRIO_CLASS_BE', other: 'IOPRIO_CLASS_IDLE' },
  'ioPriority.priority': { value: 3, beside: { class: 'IOPRIO_CLASS_BE' } },
  'execCPUAffinity.initial': { value: '0', shows: 'exec' },
  'execCPUAffinity.final': { value: '0', shows: 'exec' },
};

export const configSamples: Samples = {
  ociVersion: { value: '2.0.0', other: '1.3.0', shows: 'refused' },
  'root.path': { value: 'rootfs', other: 'other' },
  'root.readonly': { value: true, beside: { path: 'rootfs' } },
  'mounts[].destination': { value: '/a', other: '/b', beside: { type: 'tmpfs' } },
  'mounts[].source': { value: 'one', beside: { destination: '/a', type: 'tmpfs' } },
  'mounts[].type': { value: 'tmpfs', other: 'proc', beside: { destination: '/a' } },
  'mounts[].options': { value: ['nosuid'], beside: { destination: '/a', type: 'tmpfs' } },
  ...mappings,
  ...below('process.', process),
  hostname: { value: 'one', also: { 'linux.namespaces': [{ type: 'mount' }, { type: 'uts' }] } },
  domainname: { value: 'one', also: { 'linux.namespaces': [{ type: 'mount' }, { type: 'uts' }] } },
  ...Object.assign({}, ...hookKinds.map(kind => below(`hooks.${kind}[].`, hook))),
  'annotations.*': { value: 'one', names: ['org.example.one'] },
  ...below('linux.', linuxSamples),
};

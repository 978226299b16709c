/** What is refused, with the words for it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { changed, refusal, validConfig } from './test/config.js';

/** One fault each: where it is put, the value, and what is said after `config.json:LINE:COLUMN: `. */
const refusedCases: readonly (readonly [path: string, value: unknown, expected: string])[] = [
  // The schema.
  ['ociVersion', undefined, 'ociVersion is required'],
  ['ociVersion', '2.0.0', 'ociVersion must be a version 1.x.y of the OCI runtime spec, not "2.0.0"'],
  ['ociVersion', 1, 'ociVersion must be a string, not 1'],
  ['process', undefined, 'process is required'],
  ['annotations', { '': 'value' }, 'annotations must not have an empty key'],
  ['root', undefined, 'root is required'],
  ['root', 'rootfs', 'root must be an object {...}, not "rootfs"'],
  ['root.readonly', 'yes', 'root.readonly must be true or false, not "yes"'],
  ['process.args', undefined, 'process.args is required'],
  ['process.args', [], 'process.args must not be empty'],
  ['process.args', 'sh', 'process.args must be a list [...], not "sh"'],
  ['process.args', ['sh', 1], 'process.args[1] must be a string, not 1'],
  ['process.user', 0, 'process.user must be an object {...}, not 0'],
  [
    'process.user.additionalGids',
    [4294967296],
    'process.user.additionalGids[0] must be an id from 0 to 4294967294, not 4294967296',
  ],
  ...['process.user.uid', 'process.user.gid', 'process.user.additionalGids[1]'].map(
    path =>
      [
        path.replace('[1]', ''),
        path.endsWith(']') ? [5, 4294967295] : 4294967295,
        `${path} must be an id from 0 to 4294967294, not 4294967295 (the kernel takes that for "leave it as it is")`,
      ] as const,
  ),
  ['process.user.uid', -1, 'process.user.uid must be an id from 0 to 4294967294, not -1'],
  ['process.user.uid', '0', 'process.user.uid must be a whole number, not "0"'],
  ['process.user.gid', 1.5, 'process.user.gid must be an id from 0 to 4294967294, not 1.5'],
  ...['uid', 'gid'].map(
    key =>
      [
        'linux.devices',
        [{ path: '/dev/x', type: 'c', major: 1, minor: 3, [key]: 4294967295 }],
        `linux.devices[0].${key} must be an id from 0 to 4294967294, not 4294967295 (the kernel takes that for "leave it as it is")`,
      ] as const,
  ),
  ...['containerID', 'hostID'].map(
    key =>
      [
        'linux.uidMappings',
        [{ containerID: 0, hostID: 0, size: 1, [key]: 4294967295 }],
        `linux.uidMappings[0].${key} must be an id from 0 to 4294967294, not 4294967295 (the kernel takes that for "leave it as it is")`,
      ] as const,
  ),
  ...[
    'uid=4294967295',
    'gid=0xffffffff',
    'uid=037777777777',
    'gid=-1',
    'user_id=4294967296',
    'gid=+4294967295',
  ].map(
    option =>
      [
        'mounts',
        [{ destination: '/t', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', option] }],
        `mounts[0].options[1] must be an id from 0 to 4294967294, not "${option}"${/4294967295|0x|037/.test(option) ? ' (the kernel takes that for "leave it as it is")' : ''}`,
      ] as const,
  ),
  ['process.oomScoreAdj', 1001, 'process.oomScoreAdj must be a whole number from -1000 to 1000, not 1001'],
  [
    'process.consoleSize',
    { height: 70000, width: 80 },
    'process.consoleSize.height must be a whole number from 0 to 65535, not 70000',
  ],
  ['process.terminal', 1, 'process.terminal must be true or false, not 1'],
  [
    'process.capabilities',
    { bounding: 'CAP_KILL' },
    'process.capabilities.bounding must be a list [...], not "CAP_KILL"',
  ],
  [
    'process.rlimits',
    [{ type: 'RLIMIT_NOFILES', soft: 1, hard: 1 }],
    'process.rlimits[0].type must be one of the 16 names in the spec, not "RLIMIT_NOFILES" (did you mean "RLIMIT_NOFILE"?)',
  ],
  ['process.rlimits', [{ soft: 1, hard: 1 }], 'process.rlimits[0].type is required'],
  [
    'process.ioPriority',
    { class: 'BE' },
    'process.ioPriority.class must be "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE" or "IOPRIO_CLASS_IDLE", not "BE"',
  ],
  [
    'process.ioPriority',
    { class: 'IOPRIO_CLASS_BE', priority: 8 },
    'process.ioPriority.priority must be a whole number from 0 to 7, not 8',
  ],
  [
    'linux.namespaces[1].type',
    'utc',
    'linux.namespaces[1].type must be "pid", "network", "mount", "ipc", "uts", "user", "cgroup" or "time", not "utc" (did you mean "uts"?)',
  ],
  ['linux.namespaces[1].type', 7, 'linux.namespaces[1].type must be a string, not 7'],
  [
    'linux.rootfsPropagation',
    'rslaves',
    'linux.rootfsPropagation must be "private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable" or "runbindable", not "rslaves" (did you mean "rslave"?)',
  ],
  [
    'linux.personality',
    { domain: 'BSD' },
    'linux.personality.domain must be "LINUX" or "LINUX32", not "BSD"',
  ],
  [
    'linux.devices',
    [{ type: 'x', path: '/dev/x' }],
    'linux.devices[0].type must be "c", "b", "u" or "p", not "x"',
  ],
  [
    'linux.devices',
    [{ type: 'c', path: '/dev/x', major: 4096, minor: 0 }],
    'linux.devices[0].major must be a whole number from 0 to 4095, not 4096',
  ],
  [
    'linux.resources.devices',
    [{ allow: true, access: 'rx' }],
    'linux.resources.devices[0].access must be made of the letters r, w and m, not "rx"',
  ],
  [
    'linux.resources.hugepageLimits',
    [{ pageSize: '2M', limit: 1 }],
    'linux.resources.hugepageLimits[0].pageSize must be a page size such as 2MB, not "2M"',
  ],
  [
    'linux.resources.memory.limit',
    -2,
    'linux.resources.memory.limit must be a whole number from -1 to 9223372036854775807, not -2',
  ],
  [
    'linux.sysctl',
    { 'net.core.somaxconn': 128 },
    'linux.sysctl["net.core.somaxconn"] must be a string, not 128',
  ],
  [
    'linux.seccomp',
    { defaultAction: 'SCMP_ACT_ALOW' },
    'linux.seccomp.defaultAction must be "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG" or "SCMP_ACT_NOTIFY", not "SCMP_ACT_ALOW" (did you mean "SCMP_ACT_ALLOW"?)',
  ],
  [
    'linux.seccomp',
    { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_VAX'] },
    'linux.seccomp.architectures[0] must be one of the 23 names in the spec, not "SCMP_ARCH_VAX" (did you mean "SCMP_ARCH_X86"?)',
  ],
  [
    'linux.seccomp',
    { defaultAction: 'SCMP_ACT_ALLOW', flags: ['TSYNC'] },
    'linux.seccomp.flags[0] must be "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW" or "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", not "TSYNC"',
  ],
  [
    'linux.seccomp',
    {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['a'], action: 'SCMP_ACT_ERRNO', args: [{ index: 6, value: 0, op: 'SCMP_CMP_EQ' }] },
      ],
    },
    'linux.seccomp.syscalls[0].args[0].index must be a whole number from 0 to 5, not 6',
  ],
  // The process.
  ['process.args', ['', 'x'], 'process.args[0] must not be empty'],
  ['process.args', ['a\0b'], 'process.args[0] must not contain a NUL character'],
  ['process.args', ['a\ud800b'], 'process.args[0] is not Unicode text: it contains half of a surrogate pair'],
  ['process.cwd', 'tmp', 'process.cwd must be an absolute path, not "tmp"'],
  ['process.cwd', '', 'process.cwd must not be empty'],
  ['process.cwd', '/a\0', 'process.cwd must not contain a NUL character'],
  ['process.env', ['PATH=/bin', 'HOME'], 'process.env[1] must be NAME=VALUE, not "HOME"'],
  ['process.env', ['=x'], 'process.env[0] must be NAME=VALUE, not "=x"'],
  [
    'process.rlimits',
    [{ type: 'RLIMIT_CPU', soft: 2, hard: 1 }],
    'process.rlimits[0].soft must not be greater than hard (1), not 2',
  ],
  [
    'process.rlimits',
    [
      { type: 'RLIMIT_CPU', soft: 1, hard: 1 },
      { type: 'RLIMIT_CPU', soft: 1, hard: 1 },
    ],
    'process.rlimits[1].type repeats process.rlimits[0]: "RLIMIT_CPU"',
  ],
  ['process.scheduler', { policy: 'SCHED_FIFO' }, 'process.scheduler.priority is required'],
  [
    'process.scheduler',
    { policy: 'SCHED_RR', priority: 100 },
    'process.scheduler.priority must be a whole number from 1 to 99, not 100',
  ],
  [
    'process.scheduler',
    { policy: 'SCHED_OTHER', priority: 1 },
    'process.scheduler.priority goes only with policy "SCHED_FIFO" or "SCHED_RR"',
  ],
  [
    'process.scheduler',
    { policy: 'SCHED_BATCH', runtime: 1 },
    'process.scheduler.runtime goes only with policy "SCHED_DEADLINE"',
  ],
  [
    'process.scheduler',
    { policy: 'SCHED_DEADLINE', runtime: 9, deadline: 8 },
    'process.scheduler.runtime must not be greater than deadline (8), not 9',
  ],
  [
    'process.scheduler',
    { policy: 'SCHED_DEADLINE', runtime: 1, deadline: 8, period: 7 },
    'process.scheduler.deadline must not be greater than period (7), not 8',
  ],
  ['process.scheduler', { policy: 'SCHED_DEADLINE', deadline: 8 }, 'process.scheduler.runtime is required'],
  [
    'process.scheduler',
    { policy: 'SCHED_OTHER', nice: 20 },
    'process.scheduler.nice must be a whole number from -20 to 19, not 20',
  ],
  [
    'process.execCPUAffinity',
    { initial: '0-3,x' },
    'process.execCPUAffinity.initial must be a list of CPUs such as 0-3,7, not "0-3,x"',
  ],
  [
    'process.execCPUAffinity',
    { final: '3-1' },
    'process.execCPUAffinity.final must be a list of CPUs such as 0-3,7, not "3-1"',
  ],
  // Root, mounts, hooks.
  ['root.path', '', 'root.path must not be empty'],
  ['mounts[0].destination', '', 'mounts[0].destination must not be empty'],
  ['mounts[0].destination', undefined, 'mounts[0].destination is required'],
  ['mounts[0].type', undefined, 'mounts[0].type is required'],
  ['mounts[0].type', '', 'mounts[0].type must not be empty'],
  ['mounts[0]', { destination: '/a', options: ['rbind'] }, 'mounts[0].source is required'],
  ['mounts[0]', { destination: '/a', type: 'bind', source: '' }, 'mounts[0].source must not be empty'],
  ['mounts[0].options', ['mode=7\x0055'], 'mounts[0].options[0] must not contain a NUL character'],
  ['hooks', { prestart: [{ path: 'hook' }] }, 'hooks.prestart[0].path must be an absolute path, not "hook"'],
  [
    'hooks',
    { poststart: [{ path: '/hook', timeout: 0 }] },
    'hooks.poststart[0].timeout must be a whole number from 1 to 2147483647, not 0',
  ],
  ['hooks', { createContainer: [{}] }, 'hooks.createContainer[0].path is required'],
  // Linux.
  ['linux.namespaces[2].type', 'mount', 'linux.namespaces[2].type repeats linux.namespaces[0]: "mount"'],
  ['linux.namespaces[3].path', 'netns/a', 'linux.namespaces[3].path must be an absolute path, not "netns/a"'],
  ['linux.namespaces', [{ type: 'mount' }], 'hostname needs a uts namespace in linux.namespaces'],
  ['hostname', 'x'.repeat(65), `hostname must have at most 64 bytes, not "${'x'.repeat(58)}…`],
  ['domainname', 'x'.repeat(65), `domainname must have at most 64 bytes, not "${'x'.repeat(58)}…`],
  [
    'linux.sysctl',
    { 'vm.swappiness': '1' },
    'linux.sysctl["vm.swappiness"] belongs to no namespace: it would change the host (set it on the host, with sysctl(8))',
  ],
  ['linux.sysctl', { 'kernel.hostname': 'x' }, 'linux.sysctl["kernel.hostname"] conflicts with hostname'],
  [
    'linux.sysctl',
    { 'user.max_user_namespaces': '0' },
    'linux.sysctl["user.max_user_namespaces"] needs a user namespace in linux.namespaces',
  ],
  [
    'linux.sysctl',
    { 'net/../vm/swappiness': '1' },
    'the key "net/../vm/swappiness" of linux.sysctl must be the name of a sysctl',
  ],
  ['linux.sysctl', { 'net...x': '1' }, 'the key "net...x" of linux.sysctl must be the name of a sysctl'],
  ['linux.resources.memory', { swap: 10 }, 'linux.resources.memory.swap needs limit as well'],
  ['linux.resources.memory', { limit: -1, swap: 10 }, 'linux.resources.memory.swap needs limit as well'],
  [
    'linux.resources.memory',
    { limit: 20, swap: 10 },
    'linux.resources.memory.swap must not be less than limit (20), not 10',
  ],
  [
    'linux.resources.cpu',
    { quota: 10, burst: 11 },
    'linux.resources.cpu.burst must not be greater than quota (10), not 11',
  ],
  [
    'linux.resources.unified',
    { 'a/memory.max': '1' },
    'the key "a/memory.max" of linux.resources.unified must be a single file name without "/"',
  ],
  ['linux.resources.unified', { '..': '1' }, 'the key ".." of linux.resources.unified must not contain ".."'],
  [
    'linux.resources.rdma',
    { mlx5_1: {} },
    'linux.resources.rdma.mlx5_1 needs hcaHandles or hcaObjects as well',
  ],
  [
    'linux.resources.blockIO',
    { weightDevice: [{ major: 8, minor: 0 }] },
    'linux.resources.blockIO.weightDevice[0] needs weight or leafWeight as well',
  ],
  [
    'linux.seccomp',
    { defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 },
    'linux.seccomp.defaultErrnoRet goes only with defaultAction "SCMP_ACT_ERRNO" or "SCMP_ACT_TRACE"',
  ],
  [
    'linux.seccomp',
    {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW', errnoRet: 1 }],
    },
    'linux.seccomp.syscalls[0].errnoRet goes only with action "SCMP_ACT_ERRNO" or "SCMP_ACT_TRACE"',
  ],
  [
    'linux.seccomp',
    { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: [''], action: 'SCMP_ACT_ALLOW' }] },
    'linux.seccomp.syscalls[0].names[0] must not be empty',
  ],
];

test('a fault is told on one line, with its path', () => {
  for (const [path, value, expected] of refusedCases) {
    const lines = refusal(JSON.stringify(changed(path, value)));
    assert.equal(
      lines.map(line => line.replace(/^config\.json:1:\d+: /, '')),
      [expected],
      `${path} = ${JSON.stringify(value)}`,
    );
  }
});

test('a fault is told with the line and column of the value', () => {
  const text = JSON.stringify(changed('process.cwd', 'tmp'), null, 2);
  assert.equal(refusal(text), ['config.json:7:12: process.cwd must be an absolute path, not "tmp"']);
});

test('what is missing is told at the object that should hold it', () => {
  const text = JSON.stringify(changed('process.cwd', undefined), null, 2);
  assert.equal(refusal(text), ['config.json:3:14: process.cwd is required']);
});

test('all faults are told, in the order of the file', () => {
  const config = { ...validConfig(), root: {}, ociVersion: 3, process: { args: [], cwd: 1 } };
  assert.equal(
    refusal(JSON.stringify(config, null, 1)).map(line => line.replace(/ must.*/, '')),
    [
      'config.json:2:16: ociVersion',
      'config.json:4:11: process.args',
      'config.json:5:10: process.cwd',
      'config.json:7:10: root.path is required',
    ],
  );
});

test('a root that is no object is refused', () => {
  for (const text of ['[]', '"x"', '1', 'null', 'true']) {
    assert.equal(refusal(text), [`config.json:1:1: the file must be an object {...}, not ${text}`]);
  }
});

test.run();

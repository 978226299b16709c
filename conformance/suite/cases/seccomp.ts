import * as assert from 'uvu/assert';
import type { Config, SeccompRule } from '../../harness/config.js';
import { test } from '../case.js';
import { syscallNumber } from '../syscall.js';

function filter(c: Config, syscalls: SeccompRule[], defaultAction = 'SCMP_ACT_ALLOW'): void {
  c.linux.seccomp = {
    defaultAction,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    syscalls,
  };
}

const mkdir = 'mkdir /data/made';
const personality = (persona: number) => `syscall ${syscallNumber.personality} ${persona}`;

test('seccomp/errno-default-is-eperm', {
  config: c => filter(c, [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }]),
  probes: [mkdir],
  inside: ({ report, at }) => {
    assert.is(report.seccomp, 2);
    assert.is(at(mkdir).error, 'EPERM');
  },
});

test('seccomp/errno-of-ones-own', {
  config: c => filter(c, [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]),
  probes: [mkdir],
  inside: ({ at }) => assert.is(at(mkdir).error, 'ENOSYS'),
});

test('seccomp/without-no-new-privileges', {
  config: c => {
    c.process.noNewPrivileges = false;
    filter(c, [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }]);
  },
  probes: [mkdir],
  inside: ({ report, at }) => {
    assert.is(report.noNewPrivileges, false);
    assert.is(at(mkdir).error, 'EOPNOTSUPP');
  },
});

test('seccomp/without-no-new-privileges-as-user', {
  config: c => {
    c.process.noNewPrivileges = false;
    c.process.user = { uid: 1000, gid: 1000 };
    filter(c, [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }]);
  },
  probes: [mkdir],
  inside: ({ report, at }) => {
    assert.equal(report.uid, [1000, 1000, 1000]);
    assert.is(at(mkdir).error, 'EOPNOTSUPP');
  },
});

test('seccomp/argument-equal', {
  config: c =>
    filter(c, [
      {
        names: ['personality'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 22,
        args: [{ index: 0, value: 8, op: 'SCMP_CMP_EQ' }],
      },
    ]),
  probes: [personality(8), personality(0xffffffff)],
  inside: ({ at }) => {
    assert.is(at(personality(8)).error, 'EINVAL');
    assert.is(at(personality(0xffffffff)).error, '');
  },
});

/** umask(2) tells its argument apart and never fails by itself; ENOSYS is the filter speaking. */
const comparisons: readonly (readonly [
  op: string,
  value: number,
  valueTwo: number,
  hit: number[],
  miss: number[],
])[] = [
  ['SCMP_CMP_NE', 18, 0, [17, 0], [18]],
  ['SCMP_CMP_LT', 18, 0, [17, 0], [18, 19]],
  ['SCMP_CMP_LE', 18, 0, [17, 18], [19]],
  ['SCMP_CMP_EQ', 18, 0, [18], [17, 19]],
  ['SCMP_CMP_GE', 18, 0, [18, 19], [17]],
  ['SCMP_CMP_GT', 18, 0, [19], [17, 18]],
  ['SCMP_CMP_MASKED_EQ', 0o70, 0o20, [0o20, 0o27], [0o30, 0o07]],
];

for (const [op, value, valueTwo, hit, miss] of comparisons) {
  const call = (mask: number) => `syscall ${syscallNumber.umask} ${mask}`;
  test(`seccomp/${op.toLowerCase().replaceAll('_', '-')}`, {
    config: c => {
      c.process.user.umask = 0;
      const args = [{ index: 0, value, valueTwo, op }];
      filter(c, [{ names: ['umask'], action: 'SCMP_ACT_ERRNO', errnoRet: 38, args }]);
      // The report itself changes the mask, so it is left out.
      c.process.args = [
        '/bin/reporter',
        ...[...hit, ...miss].flatMap(mask => [...call(mask).split(' '), ',']),
      ];
    },
    drive: async t => {
      const finished = await t.run();
      assert.is(finished.code, 0, finished.stderr);
      const errors = finished.stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line).error as string);
      assert.equal(errors, [...hit.map(() => 'ENOSYS'), ...miss.map(() => '')]);
    },
  });
}

test('seccomp/rules-on-different-arguments-are-joined-by-and', {
  config: c =>
    filter(c, [
      {
        names: ['personality'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 22,
        args: [
          { index: 0, value: 0xffffffff, op: 'SCMP_CMP_EQ' },
          { index: 1, value: 7, op: 'SCMP_CMP_EQ' },
        ],
      },
    ]),
  probes: [`${personality(0xffffffff)} 7`, `${personality(0xffffffff)} 8`],
  inside: ({ at }) => {
    assert.is(at(`${personality(0xffffffff)} 7`).error, 'EINVAL');
    assert.is(at(`${personality(0xffffffff)} 8`).error, '');
  },
});

test('seccomp/default-errno-with-a-list-of-allowed', {
  config: c => {
    filter(c, [{ names: allowed, action: 'SCMP_ACT_ALLOW' }], 'SCMP_ACT_ERRNO');
  },
  probes: [mkdir, 'stat /data'],
  inside: ({ at }) => {
    assert.is(at(mkdir).error, 'EPERM');
    assert.is(at('stat /data').error, '');
  },
});

/** Enough for the reporter and for what a runtime does between loading the filter and execve. */
const allowed = (
  'access arch_prctl brk capget capset chdir close close_range dup dup2 dup3 epoll_create1 epoll_ctl epoll_pwait execve ' +
  'exit exit_group fchdir fcntl fstat fstatfs futex getcwd getdents64 getgid getgroups getpgrp getpid getppid getpriority ' +
  'getrandom getresgid getresuid getrlimit getsid gettid getuid ioctl ioprio_get lseek lstat madvise mmap mprotect munmap ' +
  'nanosleep newfstatat open openat openat2 personality pipe2 prctl pread64 prlimit64 read readlink readlinkat ' +
  'restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn sched_getaffinity sched_getscheduler sched_yield ' +
  'set_robust_list set_tid_address setgid setgroups setresgid setresuid setuid sigaltstack stat statfs statx tgkill ' +
  'umask uname unlink unlinkat write writev'
).split(' ');

test('seccomp/kill-process', {
  config: c => {
    filter(c, [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_KILL_PROCESS' }]);
    c.process.args = ['/bin/reporter', 'mkdir', '/data/made', ',', 'exit', '0'];
  },
  exit: 128 + 31,
});

test('seccomp/unknown-system-call-is-ignored', {
  config: c =>
    filter(c, [{ names: ['no_such_call', 'mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]),
  probes: [mkdir],
  inside: ({ at }) => assert.is(at(mkdir).error, 'ENOSYS'),
});

test('seccomp/unknown-action-is-refused', {
  config: c => filter(c, [{ names: ['mkdir'], action: 'SCMP_ACT_NONSENSE' }]),
  refused: /SCMP_ACT_NONSENSE|action/i,
});

test('seccomp/unknown-architecture-is-refused', {
  config: c => {
    c.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_NONSENSE'] };
  },
  refused: /arch|seccomp/i,
});

test('seccomp/architecture-of-another-byte-order-is-refused', {
  config: c => {
    c.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64', 'SCMP_ARCH_S390X'],
    };
  },
  refused: /arch|seccomp/i,
});

test('seccomp/foreign-architectures-leave-the-own-one-filtered', {
  config: c => {
    filter(c, [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]);
    const foreign = process.arch === 'x64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64';
    c.linux.seccomp = { ...(c.linux.seccomp as object), architectures: [foreign] } as never;
  },
  probes: [mkdir],
  inside: ({ at }) => assert.is(at(mkdir).error, 'ENOSYS'),
});

test('seccomp/holds-in-children-and-exec', {
  config: c => {
    filter(c, [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]);
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    const finished = await t.exec([t.id, '/bin/reporter', 'mkdir', '/data/made']);
    assert.is(JSON.parse(finished.stdout).error, 'ENOSYS', finished.stderr);
  },
});

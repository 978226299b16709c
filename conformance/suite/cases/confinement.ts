/** What a process begins under: the filter, the limits, the environment. None of it may hit the runtime's own work. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config, Hook } from '../../harness/config.js';
import { type Driver, test } from '../case.js';

/** A call that is not on the list kills: that nothing needs one is then no matter of how failures are taken. */
function allowOnly(c: Config, names: readonly string[]): void {
  c.linux.seccomp = {
    defaultAction: 'SCMP_ACT_KILL_PROCESS',
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'],
    syscalls: [{ names: [...names], action: 'SCMP_ACT_ALLOW' }],
  };
}

const users = { root: 0, user: 1000 } as const;

for (const noNewPrivileges of [true, false]) {
  for (const [who, id] of Object.entries(users)) {
    const name = `${noNewPrivileges ? 'with' : 'without'}-no-new-privileges-as-${who}`;
    const config = (c: Config) => {
      c.process.noNewPrivileges = noNewPrivileges;
      c.process.user = { uid: id, gid: id };
      c.process.env = ['PATH=/sbin:/bin'];
    };
    test(`confinement/only-execve-is-allowed-${name}`, {
      config: c => {
        config(c);
        c.process.args = ['end'];
        allowOnly(c, ['execve', 'exit_group']);
      },
      exit: 7,
    });
    test(`confinement/only-execve-is-allowed-exec-${name}`, {
      config: c => {
        config(c);
        c.process.args = ['/bin/end', 'wait'];
        allowOnly(c, ['execve', 'exit_group', 'pause', 'ppoll']);
      },
      drive: async t => {
        await t.create();
        await t.start();
        const finished = await t.exec([t.id, 'end']);
        assert.is(finished.code, 7, finished.stderr);
      },
    });
  }
}

test('confinement/execve-is-denied', {
  config: c => {
    c.process.noNewPrivileges = false;
    c.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['execve'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 }],
    };
  },
  drive: async t => {
    const finished = await t.run();
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /permission denied/i);
  },
});

/** Neither as root nor as a user may a capability come out of it that is held until execve. */
for (const [who, id] of Object.entries(users)) {
  test(`confinement/capabilities-without-no-new-privileges-as-${who}`, {
    config: c => {
      c.process.noNewPrivileges = false;
      c.process.user = { uid: id, gid: id };
      c.process.capabilities = {
        bounding: ['CAP_CHOWN', 'CAP_KILL', 'CAP_SETUID'],
        permitted: ['CAP_CHOWN', 'CAP_KILL'],
        effective: ['CAP_CHOWN'],
        inheritable: ['CAP_KILL'],
        ambient: ['CAP_KILL'],
      };
      c.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
    },
    inside: ({ report }) => {
      const [CHOWN, KILL, SETUID] = [0, 5, 7];
      const { caps } = report;
      assert.equal(caps.bounding, [CHOWN, KILL, SETUID]);
      assert.equal(caps.inheritable, [KILL]);
      assert.equal(caps.ambient, [KILL]);
      // capabilities(7): root gets bounding and inheritable, another user what is ambient.
      assert.equal(caps.permitted, id === 0 ? [CHOWN, KILL, SETUID] : [KILL]);
      assert.equal(caps.effective, caps.permitted);
    },
  });
}

/** Soft and hard; the command itself needs no more. */
const limits: readonly (readonly [type: string, value: number])[] = [
  ['NOFILE', 0],
  ['NOFILE', 3],
  ['NOFILE', 8],
  ['STACK', 65536],
  ['CPU', 1],
  ['NPROC', 0],
  ['NPROC', 1],
  ['FSIZE', 0],
  ['DATA', 0],
  ['MEMLOCK', 0],
  ['RSS', 0],
  ['SIGPENDING', 0],
  ['LOCKS', 0],
  ['MSGQUEUE', 0],
  ['RTTIME', 0],
  ['NICE', 0],
  ['RTPRIO', 0],
];

for (const [type, value] of limits) {
  test(`confinement/limit-${type.toLowerCase()}-${value}`, {
    config: c => {
      // The kernel counts the processes of a user: one whom nobody else on the machine is.
      const id = type === 'NPROC' ? 61_703 : 1000;
      c.process.user = { uid: id, gid: id };
      c.process.args = ['/bin/end'];
      c.process.rlimits = [{ type: `RLIMIT_${type}`, soft: value, hard: value }];
    },
    exit: 7,
    drive: async t => {
      const { rlimits } = t.config.process;
      t.configure(c => {
        c.process.args = ['/bin/end', 'wait'];
        c.process.rlimits = [];
      });
      await t.create();
      await t.start();
      const file = join(t.dir, 'process.json');
      writeProcess(t, file, { rlimits: rlimits ?? [], args: ['/bin/end'] });
      const finished = await t.exec(['--process', file, t.id]);
      assert.is(finished.code, 7, finished.stderr);
    },
  });
}

/** No time, no memory: the command is started, and the kernel ends it. */
for (const [type, value, signals] of [
  ['CPU', 0, [9]],
  ['AS', 4096, [9, 11]],
  // Whether arguments and environment fit into a page, with the random gap above them, is the kernel's affair.
  ['STACK', 4096, [11]],
] as const) {
  test(`confinement/limit-${type.toLowerCase()}-${value}-is-the-kernels-affair`, {
    config: c => {
      c.process.args = type === 'CPU' ? ['/bin/end', 'wait'] : ['/bin/end'];
      c.process.rlimits = [{ type: `RLIMIT_${type}`, soft: value, hard: value }];
      // Denied, so that the command spends time instead of waiting.
      c.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['pause', 'ppoll'], action: 'SCMP_ACT_ERRNO' }],
      };
    },
    drive: async t => {
      const finished = await t.run();
      assert.ok(
        finished.code === 7 || signals.some(signal => finished.code === 128 + signal),
        `${finished.code} ${finished.stderr}`,
      );
    },
  });
}

test('confinement/limits-hold-for-what-execve-starts', {
  config: c => {
    c.process.user = { uid: 1000, gid: 1000 };
    c.process.rlimits = [
      { type: 'RLIMIT_NOFILE', soft: 12, hard: 20 },
      { type: 'RLIMIT_STACK', soft: 65536, hard: 131072 },
      { type: 'RLIMIT_FSIZE', soft: 4096, hard: 8192 },
    ];
  },
  inside: ({ report }) => {
    assert.equal(report.rlimits.NOFILE, [12, 20]);
    assert.equal(report.rlimits.STACK, [65536, 131072]);
    assert.equal(report.rlimits.FSIZE, [4096, 8192]);
  },
});

test('confinement/a-hook-inside-does-not-meet-the-limits-of-its-making', {
  config: c => {
    c.process.args = ['/bin/end'];
    c.process.rlimits = [
      { type: 'RLIMIT_NOFILE', soft: 4, hard: 4 },
      { type: 'RLIMIT_FSIZE', soft: 0, hard: 0 },
      { type: 'RLIMIT_NPROC', soft: 0, hard: 0 },
    ];
    c.process.user = { uid: 1000, gid: 1000 };
    c.hooks = { startContainer: [{ path: '/bin/reporter', args: ['reporter', 'exit', '0'] }] };
  },
  exit: 7,
});

function writeProcess(t: Driver, file: string, change: Partial<Config['process']>): void {
  writeFileSync(file, JSON.stringify({ ...t.config.process, ...change }));
}

/** Its environment and what /proc/self/status says, in a file of the root. */
const telling: Hook = {
  path: '/bin/sh',
  args: ['sh', '-c', '/bin/busybox env > /data/env; /bin/busybox cat /proc/self/status > /data/status'],
};

for (const noNewPrivileges of [true, false]) {
  const name = noNewPrivileges ? 'with' : 'without';
  test(`confinement/start-container-hook-${name}-no-new-privileges`, {
    config: c => {
      c.process.noNewPrivileges = noNewPrivileges;
      c.process.env = ['PATH=/bin', 'INSIDE=yes'];
      c.process.args = ['/bin/end'];
      c.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
      c.hooks = {
        startContainer: [
          telling,
          { ...telling, env: ['GIVEN=1'], args: ['sh', '-c', '/bin/busybox env > /data/given'] },
        ],
      };
    },
    drive: async t => {
      const secret = { env: { PATH: process.env.PATH ?? '', SECRET: 'of the caller' } };
      const finished = await t.run([], secret);
      assert.is(finished.code, 7, finished.stderr);
      const read = (file: string) => readFileSync(join(t.bundle.rootfs, 'data', file), 'utf8');
      const env = read('env').split('\n');
      assert.ok(env.includes('INSIDE=yes'), env.join());
      assert.ok(env.includes('PATH=/bin'), env.join());
      assert.ok(env.includes('HOME=/root'), env.join());
      assert.not.match(read('env'), /SECRET/);
      assert.match(read('given'), /GIVEN=1/);
      assert.not.match(read('given'), /INSIDE|SECRET/);
      assert.match(read('status'), /^Seccomp:\t2$/m);
      assert.match(read('status'), new RegExp(`^NoNewPrivs:\t${noNewPrivileges ? 1 : 0}$`, 'm'));
      assert.match(read('status'), /^CapBnd:\t0000000020000420$/m);
    },
  });
}

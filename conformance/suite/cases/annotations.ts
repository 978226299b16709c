/** Annotations that crun knows (crun(1), "Extensions to OCI"); runc knows none of them. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { test } from '../case.js';
import { listen, received } from './pidfd-socket.js';

const withGroups = { throughRoot: ['setpriv', '--groups', '5,77'] };

for (const [name, value, groups] of [
  ['kept', '1', [5, 77]],
  ['kept-by-presence', '', [5, 77]],
  ['not-kept', '0', [9]],
] as const) {
  test(`annotations/original-groups-${name}`, {
    config: c => {
      c.process.user = { uid: 1000, gid: 1000, additionalGids: [9] };
      c.annotations = { 'run.oci.keep_original_groups': value };
    },
    drive: async t => {
      const finished = await t.run([], withGroups);
      assert.is(finished.code, 0, finished.stderr);
      assert.equal(JSON.parse(finished.stdout).groups, groups);
    },
  });
}

test('annotations/original-groups-of-exec', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
    c.annotations = { 'run.oci.keep_original_groups': '1' };
  },
  drive: async t => {
    await t.create();
    await t.start();
    const finished = await t.exec([t.id, '/bin/reporter', 'report'], withGroups);
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(JSON.parse(finished.stdout).groups, [5, 77]);
  },
});

test('annotations/pidfd-receiver', {
  // runc does not connect.
  deadlineMs: 5_000,
  drive: async t => {
    const { socket, receiving } = await listen(t);
    t.configure(c => {
      c.annotations = { 'run.oci.pidfd_receiver': socket };
    });
    const { pid } = await t.create();
    assert.equal(await received(receiving), { payload: ' ', pids: [pid], rest: 0 });
  },
});

test('annotations/pidfd-receiver-where-nobody-listens', {
  config: (c, { dir }) => {
    c.annotations = { 'run.oci.pidfd_receiver': join(dir, 'nobody') };
  },
  refused: /nobody.*No such file or directory/,
});

const mkdir = 'mkdir /data/made';

/** `if (nr == mkdir) return ERRNO(38); return ALLOW`: BPF_LD, BPF_JEQ, two BPF_RET (linux/filter.h). */
function denyingMkdir(): string {
  const number = process.arch === 'arm64' ? 34 : 83;
  const instructions = [
    [0x20, 0, 0, 0],
    [0x15, 0, 1, number],
    [0x06, 0, 0, 0x00050000 | 38],
    [0x06, 0, 0, 0x7fff0000],
  ];
  const bytes = Buffer.alloc(8 * instructions.length);
  for (const [i, [code = 0, yes = 0, no = 0, k = 0]] of instructions.entries()) {
    bytes.writeUInt16LE(code, 8 * i);
    bytes.writeUInt8(yes, 8 * i + 2);
    bytes.writeUInt8(no, 8 * i + 3);
    bytes.writeUInt32LE(k, 8 * i + 4);
  }
  return bytes.toString('base64');
}

test('annotations/seccomp-bpf-data-takes-the-place-of-the-profile', {
  config: c => {
    c.annotations = { 'run.oci.seccomp_bpf_data': denyingMkdir() };
    c.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }],
    };
  },
  probes: [mkdir],
  inside: ({ report, at }) => {
    assert.is(report.seccomp, 2);
    assert.is(at(mkdir).error, 'ENOSYS');
  },
});

const withUnknownCall = (value: string) => (c: Config) => {
  c.annotations = { 'run.oci.seccomp_fail_unknown_syscall': value };
  c.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['nosuchcall'], action: 'SCMP_ACT_ERRNO' }],
  };
};

test('annotations/unknown-system-call-fails', { config: withUnknownCall('1'), refused: /nosuchcall/ });
test('annotations/unknown-system-call-does-not-fail', { config: withUnknownCall('0'), exit: 0 });

test('annotations/handler-is-refused', {
  config: c => {
    c.annotations = { 'run.oci.handler': 'krun' };
  },
  refused: /handler/,
});

/** Filters as the kernel of this machine takes and obeys them; no_new_privs makes root unnecessary. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { errnos } from '../../../spec/errno.js';
import { compileSeccomp } from './filter.js';
import type { LinuxSeccomp } from './linux-seccomp.js';
import { podmanProfile } from './test/profiles.js';

const native = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const folder = mkdtempSync(join(tmpdir(), 'seccomp-live-'));
const tool = join(folder, 'live');
execFileSync('gcc', ['-Wall', '-Wextra', '-Werror', '-o', tool, 'runtime/compile/seccomp/test/live.c']);

/** What the calls of live.c return under a profile: the number of the error, or 0. */
function obey(profile: LinuxSeccomp): {
  status: number | null;
  signal: string | null;
  errnoOf: Record<string, number>;
} {
  const filter = compileSeccomp(profile, native);
  if (filter.kind === 'refused') throw new Error(filter.reason.kind);
  const file = join(folder, 'filter');
  writeFileSync(file, filter.program);
  const { status, signal, stdout } = spawnSync(tool, [file, String(filter.flags)], { encoding: 'utf8' });
  const lines = stdout.trim().split('\n');
  const errnoOf = Object.fromEntries(lines.map(line => [line.split(' ')[0], Number(line.split(' ')[1])]));
  return { status, signal, errnoOf };
}

test("Podman's default profile, live", () => {
  const { status, errnoOf } = obey(podmanProfile(native === 'aarch64' ? 'arm64' : 'amd64'));
  assert.is(status, 0);
  assert.equal(errnoOf, {
    getppid: 0,
    swapoff: errnos.EPERM.number,
    'personality-linux': 0,
    'personality-odd': errnos.ENOSYS.number,
    'socket-unix': 0,
    'socket-audit': errnos.EINVAL.number,
    newer: errnos.ENOSYS.number,
  });
});

test('a filter of almost 4096 instructions, live', () => {
  const argument = (value: number) => ({ index: 0, value, op: 'SCMP_CMP_EQ' });
  const rules = Array.from({ length: 900 }, (_, i) => ({
    names: ['personality'],
    action: 'SCMP_ACT_ERRNO',
    errnoRet: 1 + (i % 7),
    args: [argument(i === 899 ? 0x12345 : 0x4_0000_0000 * (i + 1))],
  }));
  const { status, errnoOf } = obey({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: rules });
  assert.is(status, 0);
  assert.is(errnoOf['personality-odd'], 1 + (899 % 7));
  assert.is(errnoOf['personality-linux'], 0);
});

test('killing, live', () => {
  const syscalls = [{ names: ['getppid'], action: 'SCMP_ACT_KILL_PROCESS' }];
  assert.is(obey({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }).signal, 'SIGSYS');
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();

/** The same profiles through libseccomp (package libseccomp-dev): where the verdicts differ, the difference is meant. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Abi, syscallNumbers, x32Bit } from '../../../spec/syscall-numbers.js';
import { compileSeccomp } from './filter.js';
import type { LinuxSeccomp } from './linux-seccomp.js';
import { encodeCall, runFilter, viewOf } from './test/classic-bpf.js';
import { type Machine, machines, verdictOf } from './test/meaning.js';
import {
  allNames,
  createRandom,
  interestingArguments,
  podmanProfile,
  randomProfile,
} from './test/profiles.js';

/** libseccomp's tokens are the AUDIT_ARCH_* values, but for x32, which has none. */
const tokens: Readonly<Record<string, number>> = {
  SCMP_ARCH_X86_64: 0xc000003e,
  SCMP_ARCH_X86: 0x40000003,
  SCMP_ARCH_X32: 0x4000003e,
  SCMP_ARCH_AARCH64: 0xc00000b7,
  SCMP_ARCH_ARM: 0x40000028,
};

const folder = mkdtempSync(join(tmpdir(), 'libseccomp-test-'));
const tool = join(folder, 'libseccomp');
const source = 'runtime/compile/seccomp/test/libseccomp.c';

interface Shared {
  readonly abi: Abi;
  readonly arch: number;
  readonly name: string;
  readonly number: number;
}

function ask(lines: readonly string[]): { program: DataView; remarks: readonly string[] } {
  const { status, stdout, stderr } = spawnSync(tool, { input: lines.join('\n') });
  if (status !== 0) throw new Error(`libseccomp: exit code ${status}`);
  return { program: viewOf(stdout), remarks: stderr.toString().split('\n').filter(Boolean) };
}

/** The calls of a machine that both know by the same number; libseccomp has none for those that are newer than itself. */
function sharedCalls(machine: Machine): readonly Shared[] {
  const ours = machine.archs.flatMap(({ auditArch, abi }) =>
    [...syscallNumbers(abi)].map(([name, number]) => ({ abi, arch: auditArch, name, number })),
  );
  const questions = ours.map(({ abi, name }) => `resolve ${tokens[wordOf(machine, abi)]} ${name}`);
  const theirs = ask(['default 0', ...questions]).remarks;
  return ours.filter(({ number }, i) => number === Number(theirs[i]));
}

function wordOf(machine: Machine, abi: Abi): string {
  return machine.archs.find(arch => arch.abi === abi)?.word ?? '';
}

function libseccomp(profile: LinuxSeccomp, machine: Machine): DataView {
  const otherwise = verdictOf(profile.defaultAction, profile.defaultErrnoRet);
  const listed = machine.archs.map(({ word }) => word).filter(word => profile.architectures?.includes(word));
  const rules = (profile.syscalls ?? []).flatMap(({ names, action, errnoRet, args = [] }) => {
    const verdict = verdictOf(action, errnoRet);
    if (verdict === otherwise) return [];
    const conditions = args.map(
      ({ index, op, value, valueTwo }) => `${index} ${op} ${value} ${valueTwo ?? 0}`,
    );
    return names.map(name => `rule ${verdict} ${name} ${args.length} ${conditions.join(' ')}`);
  });
  const archs = [...new Set([wordOf(machine, machine.native), ...listed])].map(
    word => `arch ${tokens[word]}`,
  );
  return ask([`default ${otherwise}`, ...archs, ...rules]).program;
}

/**
 * Each call decided by one rule, with one condition for an argument. When several rules with conditions hold for one call,
 * what libseccomp does depends on the shape of its tree, neither on the order of the rules nor on their strictness (ours
 * takes the first); and alternatives for one argument it mixes up: 2.5.4 says that 0x1ffffffff <= 0x100000000 when asked in a
 * list with > 0x300000002.
 */
function mentionedOnce(profile: LinuxSeccomp): LinuxSeccomp {
  const seen = new Set(['sync_file_range2']); // on arm another name of arm_sync_file_range
  const isNew = (name: string): boolean => !seen.has(name) && seen.add(name).has(name);
  const syscalls = (profile.syscalls ?? []).map(rule => ({
    ...rule,
    names: rule.names.filter(isNew),
    args: rule.args?.filter(({ index }, i) => rule.args?.findIndex(arg => arg.index === index) === i),
  }));
  return { ...profile, syscalls };
}

/** i386 calls behind which conditions cannot be tested: ours is stricter on purpose (decisions.ts, behindMultiplexer). */
const multiplexers = ['socketcall', 'ipc'];

const ENOSYS = 0x50026;

/** Asks both filters about every call that both know, and says how many there were. */
function compare(
  profile: LinuxSeccomp,
  machine: Machine,
  args: readonly (readonly bigint[])[],
  what: string,
): number {
  const shared = sharedCalls(machine);
  const ours = compileSeccomp(profile, machine.native);
  if (ours.kind === 'refused') throw new Error(JSON.stringify(ours.reason));
  const reference = libseccomp(profile, machine);
  const otherwise = verdictOf(profile.defaultAction, profile.defaultErrnoRet);
  for (const values of args) {
    for (const { arch, abi, name, number } of shared) {
      if (abi === 'i386' && multiplexers.includes(name)) continue;
      const call = encodeCall({ arch, number, args: values });
      const verdict = runFilter(viewOf(ours.program), call).verdict;
      const expected = runFilter(reference, call).verdict;
      const isNewer = verdict === ENOSYS && expected === otherwise; // meant: decisions.ts, newerThan
      if (verdict !== expected && !isNewer)
        assert.is(verdict.toString(16), expected.toString(16), `${what}: ${abi} ${name} ${values}`);
    }
  }
  return shared.length;
}

const here = existsSync('/usr/include/seccomp.h');
if (here) execFileSync('gcc', ['-Wall', '-Wextra', '-Werror', '-o', tool, source, '-lseccomp']);
else console.log('skipped: comparison with libseccomp (libseccomp-dev is not installed)');
const compareTest = here ? test : test.skip;

compareTest("Podman's default profile", () => {
  for (const machine of machines) {
    const profile = podmanProfile(machine.native === 'x86_64' ? 'amd64' : 'arm64');
    const args = interestingArguments(profile).map(value => [value, 9n, value]);
    assert.ok(compare(profile, machine, args, 'Podman') > 600);
  }
});

compareTest('numbers that no table has', () => {
  for (const architectures of [[], ['SCMP_ARCH_X32'], ['SCMP_ARCH_X86']]) {
    const profile = { defaultAction: 'SCMP_ACT_ALLOW', architectures };
    const [machine] = machines;
    if (machine === undefined) throw new Error('no machine');
    const ours = compileSeccomp(profile, machine.native);
    if (ours.kind === 'refused') throw new Error(ours.reason.kind);
    const reference = libseccomp(profile, machine);
    for (const arch of [...Object.values(tokens), 0]) {
      for (const number of [0, 600, x32Bit - 1, x32Bit, x32Bit + 600, 0x7fffffff, 0x80000000, 0xffffffff]) {
        const call = encodeCall({ arch, number, args: [] });
        assert.is(
          runFilter(viewOf(ours.program), call).verdict,
          runFilter(reference, call).verdict,
          `${architectures} ${arch.toString(16)} ${number.toString(16)}`,
        );
      }
    }
  }
});

compareTest('random profiles', () => {
  const names = allNames();
  for (let seed = 0; seed < 60; seed++) {
    const random = createRandom(seed);
    const profile = mentionedOnce(
      randomProfile(random, { names, rules: random(12), conditional: random(100) }),
    );
    const values = interestingArguments(profile);
    const args = Array.from({ length: 6 }, () => values[random(values.length)] ?? 0n);
    for (const machine of machines) compare(profile, machine, [args], `seed ${seed}`);
  }
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();

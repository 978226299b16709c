import { SeccompFilterFlag } from '../../../spec/kernel.js';
import type { Abi } from '../../../spec/syscall-numbers.js';

/**
 * Upper 16 bits of what a filter returns (linux/seccomp.h, SECCOMP_RET_*). Of several filters the kernel obeys the one
 * whose value, read as a signed number, is the smallest: so the order of these numbers is the order of strictness.
 */
export const actions: ReadonlyMap<string, number> = new Map([
  ['SCMP_ACT_KILL', 0x0000_0000], // the old name of KILL_THREAD
  ['SCMP_ACT_KILL_THREAD', 0x0000_0000],
  ['SCMP_ACT_KILL_PROCESS', 0x8000_0000],
  ['SCMP_ACT_TRAP', 0x0003_0000],
  ['SCMP_ACT_ERRNO', 0x0005_0000],
  ['SCMP_ACT_NOTIFY', 0x7fc0_0000],
  ['SCMP_ACT_TRACE', 0x7ff0_0000],
  ['SCMP_ACT_LOG', 0x7ffc_0000],
  ['SCMP_ACT_ALLOW', 0x7fff_0000],
]);

export const killThread = 0x0000_0000;
export const errnoAction = 0x0005_0000;
export const notifyAction = 0x7fc0_0000;
export const traceAction = 0x7ff0_0000;

/** SECCOMP_FILTER_FLAG_* (linux/seccomp.h). */
export const filterFlags: ReadonlyMap<string, number> = new Map([
  ['SECCOMP_FILTER_FLAG_TSYNC', SeccompFilterFlag.TSYNC],
  ['SECCOMP_FILTER_FLAG_LOG', SeccompFilterFlag.LOG],
  ['SECCOMP_FILTER_FLAG_SPEC_ALLOW', SeccompFilterFlag.SPEC_ALLOW],
  ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', SeccompFilterFlag.WAIT_KILLABLE_RECV],
]);

/** An architecture of config.json, or the ABI whose calls it stands for if a machine of ours can make them. */
export const architectures: ReadonlyMap<string, Abi | null> = new Map<string, Abi | null>([
  ['SCMP_ARCH_X86_64', 'x86_64'],
  ['SCMP_ARCH_X86', 'i386'],
  ['SCMP_ARCH_X32', 'x32'],
  ['SCMP_ARCH_AARCH64', 'aarch64'],
  ['SCMP_ARCH_ARM', 'arm'],
  ...['LOONGARCH64', 'M68K', 'MIPS', 'MIPS64', 'MIPS64N32', 'MIPSEL', 'MIPSEL64', 'MIPSEL64N32'].map(foreign),
  ...['PARISC', 'PARISC64', 'PPC', 'PPC64', 'PPC64LE', 'RISCV64', 'S390', 'S390X', 'SH', 'SHEB'].map(foreign),
]);

function foreign(name: string): readonly [string, null] {
  return [`SCMP_ARCH_${name}`, null];
}

/** Both machines of ours are little-endian, and runc and crun refuse a profile that names one of the others. */
export const bigEndian: ReadonlySet<string> = new Set(
  ['M68K', 'MIPS', 'MIPS64', 'MIPS64N32', 'PARISC', 'PARISC64', 'PPC', 'PPC64', 'S390', 'S390X', 'SHEB'].map(
    name => `SCMP_ARCH_${name}`,
  ),
);

/** How classic BPF can test a word; the other comparisons are these with the answer turned round. */
export type Test = 'equal' | 'greater' | 'greater-or-equal';

export interface Comparison {
  readonly test: Test;
  readonly wanted: boolean;
}

export const comparisons: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ['SCMP_CMP_EQ', { test: 'equal', wanted: true }],
  ['SCMP_CMP_NE', { test: 'equal', wanted: false }],
  ['SCMP_CMP_GT', { test: 'greater', wanted: true }],
  ['SCMP_CMP_LE', { test: 'greater', wanted: false }],
  ['SCMP_CMP_GE', { test: 'greater-or-equal', wanted: true }],
  ['SCMP_CMP_LT', { test: 'greater-or-equal', wanted: false }],
  ['SCMP_CMP_MASKED_EQ', { test: 'equal', wanted: true }],
]);

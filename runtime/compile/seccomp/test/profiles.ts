import { readFileSync } from 'node:fs';
import { type Abi, syscallNumbers } from '../../../../spec/syscall-numbers.js';
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall } from '../linux-seccomp.js';

interface PodmanSyscall extends LinuxSyscall {
  readonly includes?: { readonly caps?: readonly string[]; readonly arches?: readonly string[] };
  readonly excludes?: { readonly caps?: readonly string[]; readonly arches?: readonly string[] };
}

/** What Podman makes of its default profile (package golang-github-containers-common) for a container with its default capabilities. */
export function podmanProfile(goArch: 'amd64' | 'arm64'): LinuxSeccomp {
  const raw = JSON.parse(readFileSync('/usr/share/containers/seccomp.json', 'utf8'));
  const caps = [
    'CHOWN',
    'DAC_OVERRIDE',
    'FOWNER',
    'FSETID',
    'KILL',
    'NET_BIND_SERVICE',
    'SETFCAP',
    'SETGID',
    'SETPCAP',
  ]
    .concat(['SETUID', 'SYS_CHROOT'])
    .map(name => `CAP_${name}`);
  const applies = ({ includes, excludes }: PodmanSyscall): boolean =>
    (includes?.caps ?? []).every(cap => caps.includes(cap)) &&
    (includes?.arches === undefined || includes.arches.includes(goArch)) &&
    !(excludes?.caps ?? []).some(cap => caps.includes(cap)) &&
    !(excludes?.arches ?? []).includes(goArch);
  const syscalls = (raw.syscalls as readonly PodmanSyscall[]).filter(applies);
  const architectures =
    goArch === 'amd64'
      ? ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']
      : ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'];
  return { defaultAction: raw.defaultAction, defaultErrnoRet: raw.defaultErrnoRet, architectures, syscalls };
}

/** A small generator of reproducible numbers (xorshift32), so that a failing profile can be made again from its seed. */
export function createRandom(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const operators = ['EQ', 'NE', 'LT', 'LE', 'GT', 'GE', 'MASKED_EQ'].map(op => `SCMP_CMP_${op}`);
export const actionWords = [
  'KILL',
  'KILL_THREAD',
  'KILL_PROCESS',
  'TRAP',
  'ERRNO',
  'TRACE',
  'ALLOW',
  'LOG',
].map(action => `SCMP_ACT_${action}`);

export interface Wishes {
  /** Names to choose from. */
  readonly names: readonly string[];
  readonly rules: number;
  /** Of 100 rules so many have conditions. */
  readonly conditional: number;
}

export function randomProfile(random: (below: number) => number, wishes: Wishes): LinuxSeccomp {
  const pick = <T>(list: readonly T[]): T => {
    const chosen = list[random(list.length)];
    if (chosen === undefined) throw new Error('nothing to pick from');
    return chosen;
  };
  const value = (): bigint =>
    pick([
      0n,
      1n,
      BigInt(random(300)),
      0xffffffffn,
      0x100000000n,
      0xffffffffffffffffn,
      0x7e020000n,
      (BigInt(random(4)) << 32n) + BigInt(random(4)),
    ]);
  const action = (): { action: string; errnoRet?: number } => {
    const word = pick(actionWords);
    const takesErrno = word === 'SCMP_ACT_ERRNO' || word === 'SCMP_ACT_TRACE';
    return takesErrno && random(2) === 0 ? { action: word, errnoRet: random(100) } : { action: word };
  };
  const condition = (): LinuxSeccompArg => ({
    index: random(6),
    value: value(),
    valueTwo: value(),
    op: pick(operators),
  });
  const rule = (): LinuxSyscall => ({
    names: Array.from({ length: 1 + random(40) }, () => pick(wishes.names)),
    ...action(),
    ...(random(100) < wishes.conditional ? { args: Array.from({ length: 1 + random(3) }, condition) } : {}),
  });
  const { action: defaultAction, errnoRet: defaultErrnoRet } = action();
  return {
    defaultAction,
    ...(defaultErrnoRet === undefined ? {} : { defaultErrnoRet }),
    architectures: ['X86_64', 'X86', 'X32', 'AARCH64', 'ARM', 'RISCV64']
      .filter(() => random(3) > 0)
      .map(name => `SCMP_ARCH_${name}`),
    syscalls: Array.from({ length: wishes.rules }, rule),
  };
}

export function allNames(): readonly string[] {
  const abis: readonly Abi[] = ['x86_64', 'i386', 'x32', 'aarch64', 'arm'];
  return [...new Set(abis.flatMap(abi => [...syscallNumbers(abi).keys()]))];
}

/** Argument values on both sides of every constant of a profile, in both words. */
export function interestingArguments(profile: LinuxSeccomp): readonly bigint[] {
  const constants = (profile.syscalls ?? [])
    .flatMap(rule => rule.args ?? [])
    .flatMap(({ value, valueTwo }) => [BigInt(value), BigInt(valueTwo ?? 0)]);
  const around = [0n, 1n, ...constants].flatMap(c => [c - 1n, c, c + 1n, c ^ (1n << 32n), c ^ (1n << 63n)]);
  return [...new Set(around.map(n => BigInt.asUintN(64, n)))];
}

import { type Abi, armPrivateBase, syscallNumbers, x32Bit } from '../../../../spec/syscall-numbers.js';
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall } from '../linux-seccomp.js';
import type { Call } from './classic-bpf.js';

/**
 * The meaning of a profile, evaluated call by call from its words. Written a second time on purpose, without the
 * compiler's tables: for each call, go through the profile.
 */
export interface Machine {
  readonly native: 'x86_64' | 'aarch64';
  readonly archs: readonly { readonly auditArch: number; readonly abi: Abi; readonly word: string }[];
}

export const machines: readonly Machine[] = [
  {
    native: 'x86_64',
    archs: [
      { auditArch: 0xc000003e, abi: 'x86_64', word: 'SCMP_ARCH_X86_64' },
      { auditArch: 0xc000003e, abi: 'x32', word: 'SCMP_ARCH_X32' },
      { auditArch: 0x40000003, abi: 'i386', word: 'SCMP_ARCH_X86' },
    ],
  },
  {
    native: 'aarch64',
    archs: [
      { auditArch: 0xc00000b7, abi: 'aarch64', word: 'SCMP_ARCH_AARCH64' },
      { auditArch: 0x40000028, abi: 'arm', word: 'SCMP_ARCH_ARM' },
    ],
  },
];

const KILL = 0;
const ENOSYS = 0x50026;

export function verdictOf(action: string, errno = 1): number {
  switch (action) {
    case 'SCMP_ACT_KILL_PROCESS':
      return 0x80000000;
    case 'SCMP_ACT_KILL':
    case 'SCMP_ACT_KILL_THREAD':
      return 0;
    case 'SCMP_ACT_TRAP':
      return 0x30000;
    case 'SCMP_ACT_ERRNO':
      return 0x50000 + errno;
    case 'SCMP_ACT_TRACE':
      return 0x7ff00000 + errno;
    case 'SCMP_ACT_LOG':
      return 0x7ffc0000;
    case 'SCMP_ACT_ALLOW':
      return 0x7fff0000;
    default:
      throw new Error(action);
  }
}

export type Meaning = (call: Call) => number;

export function meaningOf(profile: LinuxSeccomp, machine: Machine): Meaning {
  const otherwise = verdictOf(profile.defaultAction, profile.defaultErrnoRet);
  const listed = machine.archs.filter(
    ({ abi, word }) => abi === machine.native || (profile.architectures ?? []).includes(word),
  );
  const readings = new Map(listed.map(({ abi }) => [abi, reading(profile, abi)]));

  return call => {
    const isX32 = call.arch === 0xc000003e && call.number >= x32Bit;
    if (isX32 && call.number === 0xffffffff && machine.native === 'x86_64') return otherwise;
    const arch = listed.find(({ auditArch, abi }) => auditArch === call.arch && (abi === 'x32') === isX32);
    if (arch === undefined) return KILL;
    const read = readings.get(arch.abi);
    if (read === undefined) throw new Error(arch.abi);
    const isNewer =
      profile.defaultAction === 'SCMP_ACT_ERRNO' &&
      read.newest >= 0 &&
      call.number > read.newest &&
      !(arch.abi === 'arm' && call.number >= armPrivateBase) &&
      !(arch.abi === 'x32' && call.number >= x32Bit + 512);
    return read.decide(call) ?? (isNewer ? ENOSYS : otherwise);
  };
}

function reading(profile: LinuxSeccomp, abi: Abi) {
  const numbers = syscallNumbers(abi);
  const otherwise = verdictOf(profile.defaultAction, profile.defaultErrnoRet);
  const isNarrow = abi === 'i386' || abi === 'arm' || abi === 'x32';
  const rulesOf = new Map<number, LinuxSyscall[]>();
  let newest = -1;
  for (const rule of profile.syscalls ?? []) {
    for (const name of rule.names) {
      const number = numbers.get(name);
      if (number === undefined) continue;
      const isClosed =
        (abi === 'x32' && number >= x32Bit + 512) || (abi === 'arm' && number >= armPrivateBase);
      if (!isClosed) newest = Math.max(newest, number);
      if (verdictOf(rule.action, rule.errnoRet) !== otherwise)
        rulesOf.set(number, [...(rulesOf.get(number) ?? []), rule]);
    }
  }
  const decide = (call: Call): number | undefined => {
    const real = abi === 'i386' ? callBehind(call) : undefined;
    const rules = rulesOf.get(call.number) ?? [];
    const alone = rules.find(r => (r.args ?? []).length === 0);
    if (alone !== undefined) return verdictOf(alone.action, alone.errnoRet);
    for (const { names, action, errnoRet, args = [] } of profile.syscalls ?? []) {
      const verdict = verdictOf(action, errnoRet);
      if (verdict === otherwise) continue;
      const isUntestablePermission = args.length > 0 && strictness(verdict) < strictness(otherwise);
      if (real !== undefined && names.includes(real) && !isUntestablePermission) return verdict;
      if (names.some(n => numbers.get(n) === call.number) && holds(args, call, isNarrow)) return verdict;
    }
    return undefined;
  };
  return { newest, decide };
}

/** From KILL_PROCESS, the strictest, to ALLOW. */
function strictness(verdict: number): number {
  const order = [0x8000, 0x0000, 0x0003, 0x0005, 0x7ff0, 0x7ffc, 0x7fff];
  return -order.indexOf(verdict >>> 16);
}

const socketCalls =
  '- socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg';
const ipcCalls =
  '- semop semget semctl semtimedop - - - - - - msgsnd msgrcv msgget msgctl - - - - - - shmat shmdt shmget shmctl';

/** What socketcall(2) and ipc(2) of i386 are asked to do, by their first argument. */
function callBehind(call: Call): string | undefined {
  const first = Number(BigInt.asUintN(32, call.args[0] ?? 0n));
  if (call.number === 102) return socketCalls.split(' ')[first];
  if (call.number === 117) return ipcCalls.split(' ')[first & 0xffff];
  return undefined;
}

function holds(args: readonly LinuxSeccompArg[], call: Call, isNarrow: boolean): boolean {
  const repeated = new Set(args.map(a => a.index)).size < args.length;
  return repeated ? args.some(a => compare(a, call, isNarrow)) : args.every(a => compare(a, call, isNarrow));
}

function compare({ index, op, value, valueTwo }: LinuxSeccompArg, call: Call, isNarrow: boolean): boolean {
  const cut = (n: bigint): bigint => BigInt.asUintN(isNarrow ? 32 : 64, n);
  const arg = cut(call.args[index] ?? 0n);
  const one = cut(BigInt(value));
  const two = cut(BigInt(valueTwo ?? 0));
  switch (op) {
    case 'SCMP_CMP_EQ':
      return arg === one;
    case 'SCMP_CMP_NE':
      return arg !== one;
    case 'SCMP_CMP_LT':
      return arg < one;
    case 'SCMP_CMP_LE':
      return arg <= one;
    case 'SCMP_CMP_GT':
      return arg > one;
    case 'SCMP_CMP_GE':
      return arg >= one;
    case 'SCMP_CMP_MASKED_EQ':
      return (arg & one) === (two & one);
    default:
      throw new Error(op);
  }
}

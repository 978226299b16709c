import { SeccompFilterFlag } from '../../../spec/kernel.js';
import type { Abi } from '../../../spec/syscall-numbers.js';
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall, SeccompRefusal } from './linux-seccomp.js';
import {
  actions,
  architectures,
  bigEndian,
  type Comparison,
  comparisons,
  errnoAction,
  filterFlags,
  notifyAction,
  traceAction,
} from './vocabulary.js';

/** A 32-bit SECCOMP_RET_* value: action and 16 bits of data, as the filter returns it. */
export type Verdict = number;

/** `(argument & mask) test value`, compared with the answer that is wanted. */
export interface Condition extends Comparison {
  readonly argument: number;
  readonly mask: bigint;
  readonly value: bigint;
}

/** The verdict if all conditions hold; without conditions always. */
export interface Rule {
  readonly verdict: Verdict;
  readonly conditions: readonly Condition[];
}

/** One entry of `syscalls`: any of the rules, at least one and all with the same verdict, may decide each of the calls. */
export interface Entry {
  readonly names: readonly string[];
  readonly verdict: Verdict;
  readonly rules: readonly Rule[];
}

/** `linux.seccomp` with its words replaced by what they mean to the kernel. */
export interface Profile {
  readonly otherwise: Verdict;
  readonly abis: ReadonlySet<Abi>;
  readonly flags: number;
  readonly entries: readonly Entry[];
}

type Refuse = (refusal: SeccompRefusal) => void;

const EPERM = 1;
const MAX_ERRNO = 4095;
const all64 = 0xffff_ffff_ffff_ffffn;

/** Reads the words of a profile. With refusals the profile is worth nothing. */
export function readProfile(seccomp: LinuxSeccomp): {
  profile: Profile;
  refusals: readonly SeccompRefusal[];
} {
  const refusals: SeccompRefusal[] = [];
  const refuse: Refuse = refusal => void refusals.push(refusal);
  const profile = {
    otherwise: readVerdict(seccomp.defaultAction, seccomp.defaultErrnoRet, 'default', '', refuse),
    abis: readArchitectures(seccomp.architectures ?? [], refuse),
    flags: readFlags(seccomp.flags, refuse),
    entries: (seccomp.syscalls ?? []).map((syscall, i) => readEntry(syscall, `syscalls[${i}]`, refuse)),
  };
  const notifies = profile.entries.some(({ verdict }) => verdict === notifyAction);
  return { profile: { ...profile, flags: flagsFor(notifies, profile.flags) }, refusals };
}

const { TSYNC, TSYNC_ESRCH, NEW_LISTENER, WAIT_KILLABLE_RECV } = SeccompFilterFlag;

/** seccomp(2): with a listener, which is then the result, TSYNC has to tell of its failure in another way; without one nothing waits for it. */
function flagsFor(notifies: boolean, flags: number): number {
  if (!notifies) return flags & ~WAIT_KILLABLE_RECV;
  return flags | NEW_LISTENER | ((flags & TSYNC) === 0 ? 0 : TSYNC_ESRCH);
}

function readVerdict(
  word: string,
  errno: number | undefined,
  whose: 'default' | 'own',
  at: string,
  refuse: Refuse,
): Verdict {
  const [actionAt, errnoAt] =
    whose === 'default' ? ['defaultAction', 'defaultErrnoRet'] : [`${at}.action`, `${at}.errnoRet`];
  const action = actions.get(word);
  if (action === undefined) {
    refuse({ kind: 'unknown-action', at: actionAt, action: word });
    return 0;
  }
  if (action === notifyAction && whose === 'default') refuse({ kind: 'notify-default', at: actionAt });
  if (action !== errnoAction && action !== traceAction) {
    if (errno !== undefined) refuse({ kind: 'errno-without-use', at: errnoAt, action: word });
    return action;
  }
  const data = errno ?? EPERM;
  const most = action === errnoAction ? MAX_ERRNO : 0xffff;
  if (!Number.isInteger(data) || data < 0 || data > most) {
    refuse({ kind: 'errno-range', at: errnoAt, errno: data });
    return 0;
  }
  return action + data;
}

function readArchitectures(words: readonly string[], refuse: Refuse): ReadonlySet<Abi> {
  const abis = new Set<Abi>();
  for (const [i, word] of words.entries()) {
    const abi = architectures.get(word);
    if (abi === undefined)
      refuse({ kind: 'unknown-architecture', at: `architectures[${i}]`, architecture: word });
    else if (bigEndian.has(word))
      refuse({ kind: 'other-byte-order', at: `architectures[${i}]`, architecture: word });
    else if (abi !== null) abis.add(abi);
  }
  return abis;
}

/** Those of seccomp(2), of words that were checked. */
export function seccompFlags(words: readonly string[] | undefined): number {
  return flagsFor(
    false,
    readFlags(words, () => undefined),
  );
}

/** Without `flags` crun sets SPEC_ALLOW (mitigations that seccomp once brought cost more than they protect); so do we. */
function readFlags(words: readonly string[] | undefined, refuse: Refuse): number {
  if (words === undefined) return SeccompFilterFlag.SPEC_ALLOW;
  let flags = 0;
  for (const [i, word] of words.entries()) {
    const flag = filterFlags.get(word);
    if (flag === undefined) refuse({ kind: 'unknown-flag', at: `flags[${i}]`, flag: word });
    else flags |= flag;
  }
  return flags;
}

function readEntry(syscall: LinuxSyscall, at: string, refuse: Refuse): Entry {
  const verdict = readVerdict(syscall.action, syscall.errnoRet, 'own', at, refuse);
  const write = syscall.names.indexOf('write');
  if (verdict === notifyAction && write >= 0) refuse({ kind: 'notify-write', at: `${at}.names[${write}]` });
  const conditions = (syscall.args ?? []).map((arg, i) => readCondition(arg, `${at}.args[${i}]`, refuse));
  // libseccomp takes one condition for each argument. When there are more, runc and crun make each condition a rule of
  // its own, so that they are alternatives; profiles rely on it.
  const distinct = new Set(conditions.map(c => c.argument)).size === conditions.length;
  const rules = distinct
    ? [{ verdict, conditions }]
    : conditions.map(condition => ({ verdict, conditions: [condition] }));
  return { names: syscall.names, verdict, rules };
}

function readCondition(arg: LinuxSeccompArg, at: string, refuse: Refuse): Condition {
  const comparison = comparisons.get(arg.op);
  if (comparison === undefined) refuse({ kind: 'unknown-operator', at: `${at}.op`, operator: arg.op });
  if (!Number.isInteger(arg.index) || arg.index < 0 || arg.index > 5)
    refuse({ kind: 'argument-index', at: `${at}.index`, index: arg.index });
  const first = readUint64(arg.value, `${at}.value`, refuse);
  const second = readUint64(arg.valueTwo ?? 0, `${at}.valueTwo`, refuse);
  const { test, wanted } = comparison ?? { test: 'equal', wanted: true };
  const masked = arg.op === 'SCMP_CMP_MASKED_EQ';
  // As in libseccomp, bits outside the mask are no part of the value to compare with.
  return {
    argument: arg.index,
    test,
    wanted,
    mask: masked ? first : all64,
    value: masked ? first & second : first,
  };
}

function readUint64(value: number | bigint, at: string, refuse: Refuse): bigint {
  const exact = typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value) : -1n;
  if (exact >= 0n && exact <= all64) return exact;
  refuse({ kind: 'argument-value', at, value: String(value) });
  return 0n;
}

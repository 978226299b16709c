import { type Abi, armPrivateBase, syscallNumbers, x32Bit } from '../../../spec/syscall-numbers.js';
import { MOST_INSTRUCTIONS } from './emit.js';
import { type MultiplexedCall, multiplexedCalls } from './multiplexed.js';
import type { Condition, Entry, Profile, Rule, Verdict } from './profile.js';
import { errnoAction } from './vocabulary.js';

const noCalls: typeof multiplexedCalls = new Map();

/** The rules of a call from the last to the first, an entry of the profile for each link. Calls that the same entries name have the same chain. */
export interface Chain {
  readonly rules: readonly Rule[];
  readonly before: Chain | null;
  /** Of all links. */
  readonly length: number;
  /** The one that was last made of this one and an entry more: the next name of that entry gets the same. */
  longer: Chain | null;
}

/**
 * What a profile says of the calls of one ABI.
 *
 * The rules of a call are tried in order and the first that holds decides, else the profile's default. As in libseccomp, a
 * rule without conditions decides its call alone, whatever stands before or after it; the first such rule wins. (When several
 * rules with conditions hold, libseccomp's answer depends on the shape of its tree: no order to follow there.)
 */
export interface Decisions {
  readonly rules: ReadonlyMap<number, Chain>;
  /** Calls that are newer than the profile: what they return, and their first and last number. */
  readonly newer: { readonly verdict: Verdict; readonly first: number; readonly last: number } | null;
  readonly knows: (name: string) => boolean;
}

/** Null: a call has more rules than a filter can have instructions. Each that is not settled by the one before takes one at least. */
export function decide(profile: Profile, abi: Abi): Decisions | null {
  const numbers = syscallNumbers(abi);
  const multiplexed = abi === 'i386' ? multiplexedCalls : noCalls;
  const growth = lastOfGrowth[abi];
  const rules = new Map<number, Chain>();
  const none: Chain = { rules: [], before: null, length: 0, longer: null };
  let newest = -1;

  const add = (call: number, more: readonly Rule[]): void => {
    rules.set(call, join(rules.get(call), more, none));
  };
  for (const entry of profile.entries) {
    // As libseccomp: a rule that says what the default says could only take effect by accident of order.
    const idle = entry.verdict === profile.otherwise;
    for (const name of entry.names) {
      const number = numbers.get(name);
      if (number !== undefined) {
        if (number > newest && number <= growth) newest = number;
        if (!idle) add(number, entry.rules);
      }
      const call = multiplexed.get(name);
      if (call !== undefined && !idle) {
        const behind = behindMultiplexer(entry, call, profile.otherwise);
        if (behind !== null) add(call.number, [behind]);
      }
    }
  }
  for (const { length } of rules.values()) if (length > MOST_INSTRUCTIONS) return null;
  return {
    rules,
    newer: newest < 0 ? null : newerThan(newest, growth, profile.otherwise),
    knows: name => numbers.has(name) || multiplexed.has(name),
  };
}

function join(known: Chain | undefined, more: readonly Rule[], none: Chain): Chain {
  if (known !== undefined && known.before === null && settles(known.rules)) return known;
  const before = known === undefined || settles(more) ? none : known;
  if (before.longer?.rules === more) return before.longer;
  const length = before.length + more.length;
  before.longer = { rules: more, before: before === none ? null : before, length, longer: null };
  return before.longer;
}

/** Whether a list is one rule without conditions. */
function settles(rules: readonly Rule[]): boolean {
  return rules[0]?.conditions.length === 0;
}

/** The last number that a call of the future may get; beyond are closed sets: x32's own 512-547, arm's private calls. */
const lastOfGrowth: Readonly<Record<Abi, number>> = {
  x86_64: x32Bit - 1,
  x32: x32Bit + 511,
  i386: 0xffff_ffff,
  aarch64: 0xffff_ffff,
  arm: armPrivateBase - 1,
};

/**
 * Calls that were invented after the profile was written get ENOSYS, as runc does, when the default is another errno. The
 * C library tries the new call first and takes the old one only on ENOSYS: with EPERM for clone3, faccessat2 or openat2
 * every program of a newer distribution breaks under an older profile. Other defaults are left alone: ALLOW and LOG
 * need nothing, and who asks for a killed process gets it.
 */
function newerThan(newest: number, growth: number, otherwise: Verdict): Decisions['newer'] {
  const ENOSYS = 38;
  const isErrno = otherwise >= errnoAction && otherwise <= errnoAction + 0xffff;
  if (!isErrno || newest === growth) return null;
  return { verdict: errnoAction + ENOSYS, first: newest + 1, last: growth };
}

/**
 * A rule's conditions cannot be tested behind a multiplexer. libseccomp compares whatever happens to be in the registers; here
 * what cannot be tested is never a permission, and always a prohibition.
 */
function behindMultiplexer(entry: Entry, call: MultiplexedCall, otherwise: Verdict): Rule | null {
  const { verdict } = entry;
  if (!settles(entry.rules) && isMilder(verdict, otherwise)) return null;
  const isCall: Condition = { argument: 0, test: 'equal', wanted: true, mask: call.mask, value: call.code };
  return { verdict, conditions: [isCall] };
}

function isMilder(verdict: Verdict, than: Verdict): boolean {
  return (verdict & 0xffff_0000) > (than & 0xffff_0000); // both become signed: the kernel's order of strictness
}

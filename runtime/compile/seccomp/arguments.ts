import type { Abi } from '../../../spec/syscall-numbers.js';
import type { Chain } from './decisions.js';
import type { Emitter, Place } from './emit.js';
import type { Condition, Rule, Verdict } from './profile.js';

/**
 * ABIs whose arguments have 32 bits. Only the lower halves are compared, of the profile's values too, as libseccomp does:
 * so that a -1 written with 64 bits means -1 here as well.
 */
const narrow: ReadonlySet<Abi> = new Set(['i386', 'x32', 'arm']);

/** Tries rules in order: the first that holds decides, else `otherwise`. */
export function emitRules(emit: Emitter, rules: Chain, otherwise: Verdict, abi: Abi): Place {
  let next = emit.returns(otherwise);
  for (let link: Chain | null = rules; link !== null; link = link.before)
    next = link.rules.reduceRight<Place>((then, rule) => emitRule(emit, rule, then, narrow.has(abi)), next);
  return next;
}

function emitRule(emit: Emitter, rule: Rule, next: Place, narrow: boolean): Place {
  return rule.conditions.reduceRight<Place>(
    (held, condition) =>
      condition.wanted
        ? emitCondition(emit, condition, held, next, narrow)
        : emitCondition(emit, condition, next, held, narrow),
    emit.returns(rule.verdict),
  );
}

/** Compares an argument of 64 bits as two words, the upper one first: BPF knows unsigned 32-bit words only. */
function emitCondition(emit: Emitter, condition: Condition, yes: Place, no: Place, narrow: boolean): Place {
  const { argument, test, mask, value } = condition;
  const offset = 16 + 8 * argument; // struct seccomp_data.args[], little-endian: the lower word stands first
  const [upperMask, lowerMask] = words(mask);
  const [upper, lower] = words(value);

  const compareLower = masked(emit, offset, lowerMask, emit.jump(test, lower, yes, no));
  if (narrow || upperMask === 0) return compareLower;
  const equal = emit.jump('equal', upper, compareLower, no);
  const compareUpper = test === 'equal' ? equal : emit.jump('greater', upper, yes, equal);
  return masked(emit, offset + 4, upperMask, compareUpper);
}

function masked(emit: Emitter, offset: number, mask: number, then: Place): Place {
  return emit.load(offset, mask === 0xffff_ffff ? then : emit.and(mask, then));
}

function words(value: bigint): readonly [upper: number, lower: number] {
  return [Number(value >> 32n), Number(value & 0xffff_ffffn)];
}

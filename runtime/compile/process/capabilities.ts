/**
 * Capabilities (config.md, capabilities(7)) in the only order that works: bounding set, keep over setuid, capset, ambient.
 */
import { capabilities } from '../../../spec/capabilities.js';
import type { HostFacts } from '../../../spec/host-facts.js';
import { LINUX_CAPABILITY_VERSION_3, Prctl } from '../../../spec/kernel.js';
import { type CapabilitySets, noCapabilities } from '../../../spec/normal-config.js';
import type { Action, Because } from '../../program/action.js';
import { repeat, when } from '../../program/control.js';
import { slot, struct, u32 } from '../../program/operand.js';
import { alu, type Line, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { ProcessLaunch } from '../launch/launch.js';
import type { Refuse, Warn } from '../launch/refusal.js';

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(capabilities));
const upper = (name: string): string => name.toUpperCase();

/** Capabilities by their numbers. */
type Held = ReadonlyMap<number, string>;

/** Those of the names that the host can give. judgeCapabilities has said what comes of the others. */
function usable(names: readonly string[], facts: HostFacts): Held {
  const own = new Set(facts.capabilities);
  const out = new Map<number, string>();
  for (const name of names) {
    const known = upper(name);
    const n = numbers.get(known);
    if (n !== undefined && own.has(n)) out.set(n, known);
  }
  return out;
}

/** Those of `set` that are in all of the others. */
function within(set: Held, ...others: readonly Held[]): Held {
  return new Map([...set].filter(([n]) => others.every(other => other.has(n))));
}

/**
 * "Any value which cannot be mapped to a relevant kernel interface, or cannot be granted otherwise, MUST be logged as a warning" (config.md). What capset(2) refuses is
 * refused, as by runc and crun, for the container would start with less than its command relies on: a capability that the runtime has not got itself, an effective
 * one that is not permitted, an inheritable one that is not in the bounding set. Ambient ones that cannot be raised are left out without a word: `runc spec`
 * itself writes them so, and a warning that everybody gets is read by nobody.
 */
export function judgeCapabilities(launch: ProcessLaunch, refuse: Refuse, warn: Warn): void {
  const { capabilities: given } = launch.process;
  if (given === null) return;
  const { lastCapability, capabilities: own } = launch.facts;
  const known = (name: string) => (numbers.get(upper(name)) ?? Number.POSITIVE_INFINITY) <= lastCapability;
  const has = (name: string) => own.includes(numbers.get(upper(name)) ?? -1);
  const because = launch.because('process', 'capabilities');
  const unknown = [...new Set(Object.values(given).flat())].filter(name => !known(name));
  if (unknown.length > 0) warn(because, { kind: 'unknown-capabilities', names: unknown });

  const { effective, permitted, inheritable, bounding } = given;
  const raised = [...new Set([...effective, ...permitted, ...inheritable])].filter(known);
  const lacking = raised.filter(name => !has(name));
  if (lacking.length > 0) refuse(because, { kind: 'lacking-capabilities', names: lacking });
  const unbounded = bounding.filter(name => known(name) && !has(name) && !lacking.includes(name));
  if (unbounded.length > 0) warn(because, { kind: 'lacking-capabilities', names: unbounded });

  const outside = (names: readonly string[], set: readonly string[]) =>
    names.filter(name => known(name) && has(name) && !set.map(upper).includes(upper(name)));
  for (const [set, names, of, all] of [
    ['effective', effective, 'permitted', permitted],
    ['inheritable', inheritable, 'bounding', bounding],
  ] as const) {
    const wrong = outside(names, all);
    if (wrong.length > 0) refuse(because, { kind: 'capabilities-outside', names: wrong, set, of });
  }
}

/** A set as capset(2) takes it. */
type Words = readonly [low: number, high: number];

function words(...sets: readonly Held[]): Words {
  let mask = 0n;
  for (const set of sets) for (const n of set.keys()) mask |= 1n << BigInt(n);
  return [Number(mask & 0xffffffffn), Number(mask >> 32n)];
}

const names = (set: Held): readonly string[] => [...set.values()];

export interface CapabilityActions {
  /** Before setuid. */
  readonly bound: Action;
  /** After setuid. */
  readonly apply: readonly Action[];
}

/**
 * `given` null: all five sets empty, as runc does for a config without capabilities. `held`: kept besides, permitted and effective, until execve(2)
 * computes both sets anew: without no_new_privs from the bounding, inheritable and ambient set alone (capabilities(7), "Transformation of capabilities
 * during execve()"), so that nothing of them reaches the command.
 */
export function capabilityActions(
  given: CapabilitySets | null,
  facts: HostFacts,
  because: Because,
  held: readonly string[] = [],
): CapabilityActions {
  const sets = given ?? noCapabilities;
  const bounding = usable(sets.bounding, facts);
  const permitted = usable(sets.permitted, facts);
  const inheritable = usable(sets.inheritable, facts);
  const effective = within(usable(sets.effective, facts), permitted);
  const ambient = within(usable(sets.ambient, facts), permitted, inheritable);
  const until = usable(held, facts);
  return {
    bound: operation(
      {
        kind: 'drop-capabilities',
        bounding: names(bounding),
        dropped: facts.lastCapability + 1 - bounding.size,
        because,
      },
      dropAllBut(bounding),
    ),
    apply: [
      operation(
        {
          kind: 'keep-capabilities',
          permitted: names(permitted),
          effective: names(effective),
          inheritable: names(inheritable),
          ambient: names(ambient),
          held: names(until),
          because,
        },
        [
          sys('prctl', [Prctl.SET_KEEPCAPS, 0, 0, 0, 0]),
          capset(words(effective, until), words(permitted, until), words(inheritable)),
          sys('prctl', [Prctl.CAP_AMBIENT, Prctl.CAP_AMBIENT_CLEAR_ALL, 0, 0, 0]),
          ...[...ambient.keys()].map(n =>
            sys('prctl', [Prctl.CAP_AMBIENT, Prctl.CAP_AMBIENT_RAISE, n, 0, 0]),
          ),
        ],
      ),
    ],
  };
}

/** Up to the last one of the kernel at hand: it may be newer, with capabilities that nobody asked for. */
function dropAllBut(bounding: Held): readonly Line[] {
  const [low, high] = words(bounding);
  const number = slot('capability');
  const kept = slot('kept');
  return [
    ...repeat(({ leave }) => [
      alu(kept, high * 2 ** 32 + low, 'SHR', number),
      ...when(kept, 'NONE', 1, [
        sys('prctl', [Prctl.CAPBSET_DROP, number, 0, 0, 0], { on: [['EINVAL'], leave] }),
      ]),
      alu(number, number, 'ADD', 1),
    ]),
    sys('prctl', [Prctl.SET_KEEPCAPS, 1, 0, 0, 0]),
  ];
}

function capset(effective: Words, permitted: Words, inheritable: Words): Line {
  const header = struct('cap_header', [u32(LINUX_CAPABILITY_VERSION_3), u32(0)]);
  const sets = [effective, permitted, inheritable];
  const data = struct(
    'cap_data',
    [...sets.map(([low]) => u32(low)), ...sets.map(([, high]) => u32(high))],
    true,
  );
  return sys('capset', [header, data]);
}

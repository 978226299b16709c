import { type Abi, x32Bit } from '../../../spec/syscall-numbers.js';
import { emitRules } from './arguments.js';
import { type Chain, type Decisions, decide } from './decisions.js';
import { createEmitter, type Emitter, MOST_INSTRUCTIONS, type Place } from './emit.js';
import type { LinuxSeccomp, SeccompRefusal } from './linux-seccomp.js';
import { type Profile, readProfile, type Verdict } from './profile.js';
import { overlay, type Range, search } from './ranges.js';
import { killThread } from './vocabulary.js';

export type CompiledSeccomp =
  | {
      readonly kind: 'filter';
      /** struct sock_filter[] for seccomp(2) SECCOMP_SET_MODE_FILTER */
      readonly program: Uint8Array;
      readonly instructions: number;
      /** SECCOMP_FILTER_FLAG_* for seccomp(2) */
      readonly flags: number;
      /** Names in the profile that no architecture of this filter has; such calls cannot be made, so that no rule is lost. */
      readonly unknownNames: readonly string[];
    }
  | { readonly kind: 'refused'; readonly reason: SeccompRefusal };

type NativeAbi = 'x86_64' | 'aarch64';

/** One value of `arch` in struct seccomp_data, and the ABIs that share it in the order of their numbers. */
interface Family {
  readonly auditArch: number;
  readonly abis: readonly Abi[];
}

/** What each machine can run, its own first (linux/audit.h, AUDIT_ARCH_*). */
const families: Readonly<Record<NativeAbi, readonly Family[]>> = {
  x86_64: [
    { auditArch: 0xc000_003e, abis: ['x86_64', 'x32'] },
    { auditArch: 0x4000_0003, abis: ['i386'] },
  ],
  aarch64: [
    { auditArch: 0xc000_00b7, abis: ['aarch64'] },
    { auditArch: 0x4000_0028, abis: ['arm'] },
  ],
};

const tooLong: CompiledSeccomp = {
  kind: 'refused',
  reason: { kind: 'too-long', at: '', most: MOST_INSTRUCTIONS },
};

/** Offsets in struct seccomp_data (linux/seccomp.h). */
const numberOffset = 0;
const archOffset = 4;

/**
 * Compiles `linux.seccomp` of the OCI runtime spec (config-linux.md#seccomp) to a seccomp filter for one machine. Pure.
 *
 * The meaning is that of libseccomp as runc and crun use it: names that the machine does not have are ignored; calls by an
 * architecture that the profile does not list kill the thread; the machine's own architecture is always listed; of the
 * others those that it cannot run are ignored. decisions.ts tells how several rules for one call go together.
 *
 * Until it has to look at arguments, the filter uses only what the kernel can evaluate ahead of time (kernel/seccomp.c,
 * seccomp_is_const_allow, Linux 5.11): for a call that is always allowed it is then never run at all.
 */
export function compileSeccomp(seccomp: LinuxSeccomp, arch: NativeAbi): CompiledSeccomp {
  const { profile, refusals } = readProfile(seccomp);
  const refusal = refusals[0];
  if (refusal !== undefined) return { kind: 'refused', reason: refusal };

  const decisions = new Map<Abi, Decisions>();
  for (const { abis } of families[arch])
    for (const abi of abis)
      if (abi === arch || profile.abis.has(abi)) {
        const decided = decide(profile, abi);
        if (decided === null) return tooLong;
        decisions.set(abi, decided);
      }

  const { bytes, instructions } = emitFilter(profile, families[arch], decisions);
  if (bytes === null) return tooLong;
  return {
    kind: 'filter',
    program: bytes,
    instructions,
    flags: profile.flags,
    unknownNames: unknownNames(profile, decisions),
  };
}

function emitFilter(
  profile: Profile,
  families: readonly Family[],
  decisions: ReadonlyMap<Abi, Decisions>,
): ReturnType<Emitter['finish']> {
  const emit = createEmitter();
  let dispatch = emit.returns(killThread);
  // From the end to the beginning: the machine's own architecture is tested first.
  for (const { auditArch, abis } of [...families].reverse()) {
    if (!abis.some(abi => decisions.has(abi))) continue;
    const numbers = emit.load(numberOffset, emitNumbers(emit, profile.otherwise, abis, decisions));
    dispatch = emit.jump('equal', auditArch, numbers, dispatch);
  }
  return emit.finish(emit.load(archOffset, dispatch));
}

/** All numbers of one family: ranges for what the profile does not name, and the calls that it names laid over them. */
function emitNumbers(
  emit: Emitter,
  otherwise: Verdict,
  abis: readonly Abi[],
  decisions: ReadonlyMap<Abi, Decisions>,
): Place {
  const background: Range[] = [];
  const points = new Map<number, Place>();
  for (const abi of abis) {
    const first = abi === 'x32' ? x32Bit : 0;
    const known = decisions.get(abi);
    if (known === undefined) {
      // -1 is no x32 call: a tracer puts it in place of a call that shall not be made.
      background.push({ first, place: emit.returns(killThread) });
      background.push({ first: 0xffff_ffff, place: emit.returns(otherwise) });
      continue;
    }
    background.push({ first, place: emit.returns(otherwise) });
    if (known.newer !== null) {
      background.push({ first: known.newer.first, place: emit.returns(known.newer.verdict) });
      background.push({ first: known.newer.last + 1, place: emit.returns(otherwise) });
    }
    const places = new Map<Chain, Place>();
    known.rules.forEach((rules, number) => {
      const place = places.get(rules) ?? emitRules(emit, rules, otherwise, abi);
      places.set(rules, place);
      points.set(number, place);
    });
  }
  return search(emit, overlay(background, points));
}

function unknownNames(profile: Profile, decisions: ReadonlyMap<Abi, Decisions>): readonly string[] {
  const tables = [...decisions.values()].map(known => known.knows);
  const unknown = new Set<string>();
  for (const { names } of profile.entries)
    for (const name of names) if (!tables.some(knows => knows(name))) unknown.add(name);
  return [...unknown];
}

import type { Test } from './vocabulary.js';

/** An instruction that others can go to: its distance from the end of the program, the last one being 0. */
export type Place = number;

/**
 * Builds a classic BPF program (linux/filter.h) from its end to its beginning.
 *
 * Jumps of classic BPF only go forward, so that backwards every target already has its place when a jump is written: the
 * distance is known, a long jump is put in exactly where one is needed, and nothing is ever moved. Equal instructions with
 * equal targets are written once; so two pieces of program that do the same are the same Place.
 */
export interface Emitter {
  returns(value: number): Place;
  /** Loads the 32-bit word at an offset of struct seccomp_data, then goes on. */
  load(offset: number, then: Place): Place;
  and(mask: number, then: Place): Place;
  jump(test: Test, value: number, yes: Place, no: Place): Place;
  /** The program that begins at `entry`. */
  finish(entry: Place): EmittedProgram;
}

export interface EmittedProgram {
  /** struct sock_filter[], little-endian as both our architectures are. Null: it has more instructions than the kernel takes. */
  readonly bytes: Uint8Array | null;
  readonly instructions: number;
}

interface Instruction {
  readonly code: number;
  readonly yes: number;
  readonly no: number;
  readonly k: number;
}

// linux/bpf_common.h
const LD_W_ABS = 0x20;
const ALU_AND_K = 0x54;
const JMP_JA = 0x05;
const JMP_K: Readonly<Record<Test, number>> = { equal: 0x15, greater: 0x25, 'greater-or-equal': 0x35 };
const RET_K = 0x06;

/** BPF_MAXINSNS (linux/bpf_common.h) */
export const MOST_INSTRUCTIONS = 4096;

/** One less than what fits into 8 bits: a jump can need one more instruction behind it, for its other target. */
const reach = 254;

export function createEmitter(): Emitter {
  const program: Instruction[] = [];
  const written = new Map<string, Place>();
  const standIns = new Map<Place, Place>();
  /** Nothing is added to what is too long already: however long the profile, the work for it has an end. */
  const full = (): boolean => program.length > MOST_INSTRUCTIONS;
  const push = (code: number, k: number, yes = 0, no = 0): Place =>
    full() ? 0 : program.push({ code, yes, no, k: k >>> 0 }) - 1;
  const offset = (place: Place): number => program.length - place - 1;

  const once = (key: string, write: () => Place): Place => {
    if (full()) return 0;
    const place = written.get(key) ?? write();
    written.set(key, place);
    return place;
  };

  /** Writes something here that does the same as what is far away: a copy of a return, or a long jump. */
  const standIn = (place: Place): Place => {
    const { code, k = 0 } = program[place] ?? {};
    return code === RET_K ? push(RET_K, k) : push(JMP_JA, offset(place));
  };

  const within = (place: Place): Place => {
    const nearest = standIns.get(place) ?? place;
    if (offset(nearest) <= reach) return nearest;
    const fresh = standIn(place);
    standIns.set(place, fresh);
    return fresh;
  };

  /** For instructions that cannot jump: what comes next must stand right behind. */
  const follow = (place: Place): void => {
    if (offset(place) !== 0) standIn(place);
  };

  const straight = (code: number, k: number, then: Place): Place =>
    once(`${code} ${k} ${then}`, () => {
      follow(then);
      return push(code, k);
    });

  return {
    returns: value => once(`return ${value}`, () => push(RET_K, value)),
    load: (at, then) => straight(LD_W_ABS, at, then),
    and: (mask, then) => straight(ALU_AND_K, mask, then),
    jump: (test, value, yes, no) => {
      if (yes === no) return yes;
      return once(`${test} ${value} ${yes} ${no}`, () => {
        const yesHere = within(yes);
        const noHere = within(no);
        return push(JMP_K[test], value, offset(yesHere), offset(noHere));
      });
    },
    finish: entry => {
      follow(entry);
      return { bytes: full() ? null : encode([...program].reverse()), instructions: program.length };
    },
  };
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [i, { code, yes, no, k }] of program.entries()) {
    view.setUint16(i * 8, code, true);
    view.setUint8(i * 8 + 2, yes);
    view.setUint8(i * 8 + 3, no);
    view.setUint32(i * 8 + 4, k, true);
  }
  return bytes;
}

/**
 * The arguments of steps as explain shows them. What an argument is stands in the tables of `spec/`; what a slot holds is told by the argument that it
 * serves as, so that the step that fills it reads the same way.
 */
import {
  type FlagSetName,
  operationArguments,
  type ShownAs,
  type StructureName,
  structures,
} from '../../spec/flag-sets.js';
import type { Arch } from '../../spec/image.js';
import { instructions } from '../../spec/instructions.js';
import { type SystemCall, systemCalls } from '../../spec/syscalls.js';
import { flagText, plainText } from './flag-text.js';
import { type Cell, type Data, type Operand, type Slot, shownOf } from './operand.js';
import type { Step } from './step.js';

/** An operand of which nothing more is known. */
export function operand(o: Operand): string {
  if (typeof o !== 'object') return plainText(o);
  switch (o.kind) {
    case 'slot':
      return o.name;
    case 'cell':
      return `${o.slot.name}[${o.index}]`;
    case 'ref':
      return `*${operand(o.slot)}`;
    case 'data':
      return shownOf(o);
  }
}

const isStructure = (name: ShownAs): name is StructureName => name in structures;

/** What the tables say of the arguments of a step. */
function kindsOf(step: Step): readonly (ShownAs | undefined)[] {
  if (step.op === 'TRACK') return ['clone_args'];
  const call: SystemCall | undefined = step.call ? systemCalls[step.call] : undefined;
  const args: readonly string[] = call?.args ?? Object.values(instructions[step.op].args);
  return args.map(text => {
    const [kind, shown] = text.split(' ');
    return (shown ?? (kind === 'len' ? 'decimal' : undefined)) as ShownAs | undefined;
  });
}

/** What takes some bits of a number, and leaves it what it is. */
const { AND, OR, XOR } = instructions.ALU.subs;
const bitwise: ReadonlySet<number> = new Set([AND, OR, XOR]);

const place = (of: Slot | Cell): Slot => (of.kind === 'cell' ? of.slot : of);

export class Shown {
  readonly #held = new Map<Slot, FlagSetName | null>();
  readonly #storedInto = new Set<Data>();
  readonly #arch: Arch;

  constructor(steps: readonly Step[], arch: Arch) {
    this.#arch = arch;
    for (const step of steps) {
      const [address] = step.args;
      if (step.op === 'STORE' && typeof address === 'object' && address.kind === 'data')
        this.#storedInto.add(address);
      kindsOf(step).forEach((kind, i) => {
        const o = step.args[i];
        if (kind !== undefined && !isStructure(kind) && typeof o === 'object' && o.kind === 'slot')
          this.#holds(o, kind);
      });
    }
  }

  /** A slot that serves as two kinds is none of them. */
  #holds(of: Slot, kind: FlagSetName): void {
    const known = this.#held.get(of);
    this.#held.set(of, known === undefined || known === kind ? kind : null);
  }

  args(step: Step): readonly string[] {
    const kinds = [...kindsOf(step)];
    const held = step.dst ? (this.#held.get(place(step.dst)) ?? undefined) : undefined;
    return step.args.map((o, i) => {
      if (held !== undefined && step.op === 'MOVE') return this.#one(o, held);
      if (held !== undefined && step.op === 'ALU' && typeof o !== 'object' && bitwise.has(step.sub))
        return flagText(held, o, this.#arch, false);
      const shown = this.#one(o, kinds[i]);
      // What stands behind an operation depends on it.
      operationArguments[shown]?.forEach((kind, n) => {
        kinds[i + 1 + n] ??= kind;
      });
      return shown;
    });
  }

  #one(o: Operand, kind: ShownAs | undefined): string {
    if (kind === undefined) return operand(o);
    if (isStructure(kind))
      return typeof o === 'object' && o.kind === 'data' ? this.#structure(o, kind) : operand(o);
    return typeof o === 'object' ? operand(o) : flagText(kind, o, this.#arch);
  }

  /** The members that are not zero; what steps store into has its name before what it holds at first. */
  #structure(data: Data, kind: StructureName): string {
    const { bytes, pointers } = data;
    if (typeof bytes === 'string' || bytes.length < 8) return shownOf(data);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const members: string[] = [];
    structures[kind].forEach((member: { readonly name: string; readonly set?: FlagSetName }, i) => {
      if (8 * i + 8 > bytes.length) return;
      const to = pointers.find(p => p.at === 8 * i)?.to;
      const value = view.getBigUint64(8 * i, true);
      if (to) members.push(`${member.name}=&${to.name}`);
      else if (value !== 0n || kind === 'rlimit64')
        members.push(`${member.name}=${member.set ? flagText(member.set, value, this.#arch) : value}`);
    });
    const held = `{${members.join(', ')}}`;
    return this.#storedInto.has(data) ? `${shownOf(data)} ${held}` : held;
  }
}

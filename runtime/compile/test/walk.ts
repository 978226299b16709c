/**
 * Walks lines as the engine would, for tests that want to know what is called when something fails or is there already. System calls, and whatever else
 * reaches outside, are answered by the test.
 */
import { type ErrnoName, errnoName, errnos } from '../../../spec/errno.js';
import { instructions } from '../../../spec/instructions.js';
import { type Cell, type Data, label, type Operand, type Slot, shownOf } from '../../program/operand.js';
import type { Line, Step } from '../../program/step.js';

/** As a test sees an argument: a number, or a text as explain shows it, without quotes. */
export type Seen = number | string;

export interface Outside {
  /** What a call gives: its result, or the name of an errno; nothing is 0. `name`: a system call, or an instruction in small letters. */
  readonly call?: (name: string, args: readonly Seen[]) => number | ErrnoName | undefined;
  /** What LOAD finds in memory that a call filled in. */
  readonly memory?: (data: string, offset: number) => number;
  readonly cells?: ReadonlyMap<Slot, number>;
}

export interface Walked {
  /** `openat(5, /run, 0)`, in order. */
  readonly calls: readonly string[];
  /** 'through', 'left' (at a label that is not among the lines), `failed ENOENT`, `exit 1`. */
  readonly end: string;
  value(of: Slot): number;
}

const MOST_STEPS = 10_000;
const inside: readonly string[] = [
  'MOVE',
  'LOAD',
  'STORE',
  'ALU',
  'BRANCH',
  'GUARD',
  'CALL',
  'RETURN',
  'FAIL',
  'EXIT',
];

function nameOfSub(op: 'BRANCH' | 'ALU', sub: number): string {
  return Object.entries(instructions[op].subs).find(([, n]) => n === sub)?.[0] ?? '';
}

function compare(a: number, how: string, b: number): boolean {
  switch (how) {
    case 'EQ':
      return a === b;
    case 'NE':
      return a !== b;
    case 'LT':
      return a < b;
    case 'LE':
      return a <= b;
    case 'GT':
      return a > b;
    case 'GE':
      return a >= b;
    case 'ANY':
      return (BigInt(a) & BigInt(b)) !== 0n;
    case 'NONE':
      return (BigInt(a) & BigInt(b)) === 0n;
    case 'ALWAYS':
      return true;
    default:
      throw new Error(`comparison ${how}`);
  }
}

function calculate(a: number, how: string, b: number): number {
  switch (how) {
    case 'ADD':
      return a + b;
    case 'SUB':
      return a - b;
    case 'AND':
      return Number(BigInt(a) & BigInt(b));
    case 'OR':
      return Number(BigInt(a) | BigInt(b));
    case 'SHL':
      return a * 2 ** b;
    case 'SHR':
      return Math.floor(a / 2 ** b);
    case 'MUL':
      return a * b;
    case 'MOD':
      return a % b;
    default:
      throw new Error(`calculation ${how}`);
  }
}

const shownData = (data: Data): string => shownOf(data).replace(/^"(.*)"$/, '$1');

/** Of one track: tracks that it begins are not walked. */
export function walk(given: readonly Line[], { call, memory, cells = new Map() }: Outside): Walked {
  // The last one is the end: subroutines stand behind it.
  const lines = [...given, label('end')];
  const memoryCells = new Map<Slot, number[]>([...cells].map(([of, value]) => [of, [value]]));
  const calls: string[] = [];
  const stack: number[] = [];
  const cellsOf = (of: Slot): number[] => {
    const there =
      memoryCells.get(of) ?? of.initial.map(value => (typeof value === 'object' ? 1 : Number(value)));
    memoryCells.set(of, there);
    return there;
  };
  const put = (to: Slot | Cell | null, value: number): void => {
    if (to === null) return;
    if (to.kind === 'slot') cellsOf(to)[0] = value;
    else cellsOf(to.slot)[to.index] = value;
  };
  const seen = (operand: Operand | undefined): Seen => {
    if (operand === undefined) return 0;
    if (typeof operand !== 'object') return Number(operand);
    switch (operand.kind) {
      case 'slot':
        return cellsOf(operand)[0] ?? 0;
      case 'cell':
        return cellsOf(operand.slot)[operand.index] ?? 0;
      case 'data':
        return shownData(operand);
      case 'ref':
        return `*${operand.slot.kind === 'slot' ? operand.slot.name : operand.slot.slot.name}`;
    }
  };
  const number = (operand: Operand | undefined): number => {
    const value = seen(operand);
    return typeof value === 'number' ? value : 1;
  };
  const walked = (end: string): Walked => ({ calls, end, value: of => cellsOf(of)[0] ?? 0 });
  /** Where the run goes on; a text is its end. */
  const outside = (step: Step, next: number): number | string => {
    const name = step.call ?? step.op.toLowerCase();
    const args = step.args.map(seen);
    calls.push(`${name}(${args.join(', ')})`);
    const result = call?.(name, args) ?? 0;
    if (typeof result === 'number') {
      put(step.dst, result);
      return next;
    }
    if (!step.errnos.includes(result) || step.target === null) return `failed ${result}`;
    put(step.dst, -errnos[result].number);
    const target = lines.indexOf(step.target);
    return target < 0 ? 'left' : target;
  };
  const own = (step: Step, next: number): number | string => {
    const [a, b, c] = step.args;
    switch (step.op) {
      case 'MOVE':
        put(step.dst, number(a));
        return next;
      case 'LOAD':
        put(step.dst, memory?.(String(seen(a)), number(b)) ?? 0);
        return next;
      case 'STORE':
        calls.push(`store(${step.args.map(seen).join(', ')})`);
        return next;
      case 'ALU':
        put(step.dst, calculate(number(a), nameOfSub('ALU', step.sub), number(b)));
        return next;
      case 'BRANCH': {
        if (!compare(number(a), nameOfSub('BRANCH', step.sub), number(b)) || step.target === null)
          return next;
        const target = lines.indexOf(step.target);
        return target < 0 ? 'left' : target;
      }
      case 'GUARD':
        return compare(number(a), nameOfSub('BRANCH', step.sub), number(b))
          ? next
          : `failed ${errnoName(number(c))}`;
      case 'CALL': {
        if (step.subroutine !== null && !lines.includes(step.subroutine.entry))
          lines.push(...step.subroutine.lines);
        stack.push(next);
        return step.target === null ? next : lines.indexOf(step.target);
      }
      case 'RETURN':
        return stack.pop() ?? 'failed EPROTO';
      case 'FAIL':
        return `failed ${errnoName(number(a))}`;
      default:
        return `exit ${number(a)}`;
    }
  };
  for (let at = 0, steps = 0; at !== given.length; steps++) {
    if (steps > MOST_STEPS) throw new Error('endless');
    const line = lines[at];
    if (line === undefined) return walked('through');
    if (line.kind === 'label') {
      at++;
      continue;
    }
    const next = inside.includes(line.op) ? own(line, at + 1) : outside(line, at + 1);
    if (typeof next === 'string') return walked(next);
    at = next;
  }
  return walked('through');
}

/**
 * Program -> records that describe it, for `explain`; the words around them are made in runtime/report/.
 */
import { anyErrno, unavailable } from '../../spec/errno.js';
import { instructions } from '../../spec/instructions.js';
import type { Operation } from '../../spec/operations/index.js';
import type { Program } from './action.js';
import { type Layout, layOut, type PlacedTrack } from './layout.js';
import type { Template } from './operand.js';
import { operand, Shown } from './shown.js';
import type { Step } from './step.js';

export interface ExplainedStep {
  readonly number: number;
  readonly text: string;
}

/** The record of the operation, and what was made of it. */
export type ExplainedAction = Operation & {
  readonly title: string;
  /** Numbers of its first and last step; null if it has none. */
  readonly steps: readonly [first: number, last: number] | null;
  readonly listing: readonly ExplainedStep[];
};

export interface ExplainedSubroutine {
  readonly name: string;
  readonly listing: readonly ExplainedStep[];
}

export interface ExplainedTrack {
  readonly name: string;
  readonly actions: readonly ExplainedAction[];
  /** Steps that take back what was made, and those that end the track after a failure. */
  readonly afterFailure: readonly ExplainedStep[];
}

export interface Explained {
  readonly entries: readonly string[];
  readonly tracks: readonly ExplainedTrack[];
  /** What the actions call; with the steps only. */
  readonly subroutines: readonly ExplainedSubroutine[];
  readonly counts: {
    readonly actions: number;
    readonly steps: number;
    readonly mounts: number;
    readonly bytes: number;
  };
}

function template(t: Template): string {
  return JSON.stringify(t.map(p => (typeof p === 'string' ? p : `\${${p.slot.name}}`)).join(''));
}

function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(table).find(([, n]) => n === value)?.[0] ?? String(value);
}

/** Lists that would fill the page have a name. */
function listed(errnos: Step['errnos']): string {
  if (errnos === anyErrno) return 'any errno';
  return errnos === unavailable ? 'any errno of a file' : errnos.join();
}

function describe(step: Step, layout: Layout, shown: Shown): string {
  const to = step.dst ? `${operand(step.dst)} = ` : '';
  const target = step.target ? layout.labels.get(step.target) : undefined;
  const handled = step.errnos.length > 0 ? `   [${listed(step.errnos)} -> ${target}]` : '';
  const args = shown.args(step);
  const [a = '', b = '', c = ''] = args;
  const sub = nameOf(instructions[step.op].subs, step.sub);
  switch (step.op) {
    case 'SYSCALL':
      return `${to}${step.call}(${args.join(', ')})${handled}`;
    case 'MOVE':
      return `${to}${a}`;
    case 'LOAD':
      return `${to}${sub} at ${a} + ${b}`;
    case 'STORE':
      return `${sub} at ${a} + ${b} = ${c}`;
    case 'ALU':
      return `${to}${a} ${sub} ${b}`;
    case 'BRANCH':
      return sub === 'ALWAYS' ? `go to ${target}` : `if ${a} ${sub} ${b} go to ${target}`;
    case 'GUARD':
      return `insist on ${a} ${sub} ${b}`;
    case 'FORMAT':
      return step.template
        ? `${to}format ${a} ${template(step.template)}${handled}`
        : `${to}format ${a} the failure`;
    case 'CALL':
      return `call ${step.subroutine?.entry.name ?? target}`;
    case 'RETURN':
      return 'return';
    case 'TRACK':
      return `${to}clone3(${a}) begins track ${step.track} at ${target}`;
    default:
      return `${to}${step.op.toLowerCase()}${sub === '0' ? '' : ` ${sub}`} ${args.join(', ')}${handled}`;
  }
}

/** Steps that put a mount in place. */
function isMount(step: Step): boolean {
  return step.call === 'move_mount' || step.call === 'mount';
}

/** A mount in a subroutine counts once for each call. */
function mountsOf(layout: Layout, track: PlacedTrack): number {
  const places = new Map(layout.subroutines.map(s => [s.subroutine, s]));
  const mounts = (from: number, length: number): number => {
    let n = 0;
    for (const step of layout.steps.slice(from, from + length)) {
      const called = step.subroutine ? places.get(step.subroutine) : undefined;
      if (isMount(step)) n++;
      else if (called) n += mounts(called.first, called.count);
    }
    return n;
  };
  return mounts(track.first, track.count);
}

export function explain(program: Program, options: { readonly steps: boolean }): Explained {
  const layout = layOut(program);
  const shown = new Shown(layout.steps, program.arch);
  const listing = (first: number, count: number): readonly ExplainedStep[] =>
    options.steps
      ? layout.steps
          .slice(first, first + count)
          .map((step, i) => ({ number: first + i, text: describe(step, layout, shown) }))
      : [];
  let actionNumber = 0;
  const tracks = layout.tracks.map(({ track, first, count }): ExplainedTrack => {
    let last = first;
    const actions = track.actions.map((a): ExplainedAction => {
      const placed = layout.actions[actionNumber++];
      const from = placed?.first ?? first;
      const n = placed?.count ?? 0;
      last = from + n;
      return {
        ...a.operation,
        title: a.title,
        steps: n > 0 ? [from, from + n - 1] : null,
        listing: listing(from, n),
      };
    });
    actionNumber++;
    return { name: track.name, actions, afterFailure: listing(last, first + count - last) };
  });
  const subroutines = options.steps
    ? layout.subroutines.map(s => ({ name: s.subroutine.entry.name, listing: listing(s.first, s.count) }))
    : [];
  return {
    entries: program.entries.map(e => e.entry),
    tracks,
    subroutines,
    counts: {
      actions: tracks.reduce((n, t) => n + t.actions.length, 0),
      steps: layout.steps.length,
      mounts: layout.tracks.reduce((n, track) => n + mountsOf(layout, track), 0),
      bytes: layout.dataSize + layout.steps.length * 64,
    },
  };
}

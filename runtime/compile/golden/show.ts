/**
 * How a golden program is written down.
 *
 * A few cases (`references` in case.ts) hold what all others have in common. The first two are there as a whole; of every other program all titles are
 * shown, in their order, but steps only where no reference has an action just like it; and of an action that a reference has with other steps, only the
 * steps that are its own, with dots for the rest. So a change of two steps rewrites the files of the cases that they are about, and no case has to say
 * which actions are its own.
 */
import type { Because, Program } from '../../program/action.js';
import { type ExplainedStep, explain } from '../../program/explain.js';

interface ShownAction {
  readonly title: string;
  readonly cause: string;
  readonly steps: readonly string[];
  readonly undo: readonly string[];
}

interface ShownTrack {
  readonly heading: string;
  readonly actions: readonly ShownAction[];
}

/** Targets as distances: else one more step would change every line behind it. Where another track begins is no distance within this one. */
function relative({ number, text }: ExplainedStep): string {
  return text
    .replace(/(begins track \S+) at \d+$/, '$1')
    .replace(/(-> |go to )(\d+)(\]?)$/, (_, word: string, target: string, end: string) => {
      const distance = Number(target) - number;
      return `${word}${distance < 0 ? '' : '+'}${distance}${end}`;
    });
}

function cause(because: Because): string {
  return because.kind === 'rule' ? because.rule : `line ${because.line} ${because.path}`;
}

/** The actions of a track with what takes each of them back, and then what ends the track after a failure. */
function shownTracks(program: Program): readonly ShownTrack[] {
  const { tracks, subroutines } = explain(program, { steps: true });
  const shown = tracks.map(({ name, actions, afterFailure }, t): ShownTrack => {
    const given = program.tracks[t]?.actions ?? [];
    const left = afterFailure.map(relative);
    // Undone in reverse.
    const undo = given.map(() => [] as readonly string[]);
    for (let i = given.length - 1; i >= 0; i--)
      undo[i] = left.splice(0, given[i]?.undo.filter(line => line.kind === 'step').length ?? 0);
    return {
      heading: `track ${name}`,
      actions: [
        ...actions.map((a, i) => ({
          title: a.title,
          cause: `   <- ${cause(a.because)}`,
          steps: withoutSizes(a.listing.map(relative)),
          undo: undo[i] ?? [],
        })),
        ...(left.length > 0 ? [{ title: 'after a failure', cause: '', steps: left, undo: [] }] : []),
      ],
    };
  });
  const called = subroutines.map(
    ({ name, listing }): ShownAction => ({ title: name, cause: '', steps: listing.map(relative), undo: [] }),
  );
  return called.length > 0 ? [...shown, { heading: 'subroutines', actions: called }] : shown;
}

/** The program that is stored changes its size with each of its steps, and is a case of its own. */
function withoutSizes(lines: readonly string[]): readonly string[] {
  const sizes = new Map<string, string>();
  for (const line of lines)
    for (const [, name = '', size = ''] of line.matchAll(/<(stored program|config\.json): (\d+) bytes>/g))
      sizes.set(size, name);
  if (sizes.size === 0) return lines;
  return lines.map(line =>
    line.replace(/<([^<>:]+): \d+ bytes>$/, '<$1>').replace(/\d+$/, n => {
      const name = sizes.get(n);
      return name === undefined ? n : `<size of ${name}>`;
    }),
  );
}

const keyOf = ({ title, steps, undo }: ShownAction): string => JSON.stringify([title, steps, undo]);

/** What programs do, for others to be compared with. */
export interface Common {
  /** Whole actions. */
  readonly actions: ReadonlySet<string>;
  /** Steps by the titles of their actions. */
  readonly steps: ReadonlyMap<string, ReadonlySet<string>>;
}

export function commonOf(programs: readonly Program[]): Common {
  const actions = new Set<string>();
  const steps = new Map<string, Set<string>>();
  for (const action of programs.flatMap(shownTracks).flatMap(track => track.actions)) {
    actions.add(keyOf(action));
    const known = steps.get(action.title) ?? new Set();
    for (const line of [...action.steps, ...action.undo]) known.add(line);
    steps.set(action.title, known);
  }
  return { actions, steps };
}

/** Dots in the place of those that are known. */
function own(lines: readonly string[], known: ReadonlySet<string> | undefined): readonly string[] {
  const shown = lines.map(line => (known?.has(line) ? '...' : line));
  return shown.filter((line, i) => line !== '...' || shown[i - 1] !== '...');
}

/** The program as `explain --steps` has it, without numbers, and without what is common. */
export function shownProgram(program: Program, common: Common): string {
  const lines = shownTracks(program).flatMap(({ heading, actions }) => [
    heading,
    ...actions.flatMap(action => {
      const head = `  ${action.title}${action.cause}`;
      if (common.actions.has(keyOf(action))) return [head];
      const known = common.steps.get(action.title);
      const undo = own(action.undo, known).map(line => `      ${line}`);
      return [
        head,
        ...own(action.steps, known).map(line => `    ${line}`),
        ...(undo.length > 0 ? ['    undone by', ...undo] : []),
      ];
    }),
    '',
  ]);
  return lines.join('\n');
}

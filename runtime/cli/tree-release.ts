import { closeSync, renameSync, statSync } from 'node:fs';
import { fileName, generationFile } from '../../spec/records/names.js';
import { compileDrain } from '../compile/drain.js';
import { compileRelease } from '../compile/release.js';
import { hostArch } from '../host/facts.js';
import { encode } from '../program/encode.js';
import { jsonText } from '../report/json-text.js';
import { drainText, releasedText } from '../report/tree-text.js';
import { describeHolder, type Holder, holdersOf } from '../trees/holders.js';
import { type Generation, PINS, readGenerations } from '../trees/pins.js';
import { wantsJson } from './as-json.js';
import { closeRecord } from './close-record.js';
import { durationOf } from './duration.js';
import { type Attempt, failed, type Invocation, type Outcome, ok, refuse } from './invocation.js';
import { runningContainers } from './running-containers.js';
import { givenName, hostViewFor } from './tree-prepare.js';

const fileOf = (one: Generation): string => generationFile(fileName(one.tree), one.number);

function close(directory: string, one: Generation): Promise<Attempt<number>> {
  const file = `${directory}/${fileOf(one)}`;
  return closeRecord(`${file}.json`, `${file}.closing`);
}

/** Let launches in again, but not into what was closed before. */
function reopen(directory: string, locks: ReadonlyMap<Generation, number>): void {
  for (const [one, lock] of locks) {
    const file = `${directory}/${fileOf(one)}`;
    if (one.state === 'ready') renameSync(`${file}.closing`, `${file}.json`);
    closeSync(lock);
  }
}

/** Who is in it now. `directory`: where the pins are. */
const holders = (invocation: Invocation, directory: string, one: Generation): readonly Holder[] =>
  holdersOf(one, runningContainers(invocation), directory);

/** Milliseconds until the deadline, at least 1: it began when the first was closed, which gave the file its new name. */
function left(directory: string, chosen: readonly Generation[], deadline: number): number {
  const closed = chosen
    .filter(one => one.state !== 'unfinished')
    .map(one => statSync(`${directory}/${fileOf(one)}.closing`).ctimeMs);
  return Math.max(1, Math.ceil(Math.min(Date.now(), ...closed) + deadline - Date.now()));
}

/** `--deadline`; null: none is given. */
function deadlineOf({ line: { options } }: Invocation, drains: boolean): Attempt<number | null> {
  const value = options.texts.get('deadline');
  if (value === undefined) return ok(null);
  const deadline = durationOf(value);
  const expected = drains ? 'a duration such as 5s, 1m30s or 500ms' : 'a command that waits: tree drain';
  if (deadline !== null && drains) return ok(deadline);
  return refuse({ kind: 'usage', fault: { kind: 'bad-value', option: '--deadline', value, expected } });
}

/** Waits for the holders of all generations, and then has the same command begin again; nobody gets in meanwhile. */
function drain(
  directory: string,
  chosen: readonly Generation[],
  held: readonly Holder[],
  deadline: number | null,
  quiet: boolean,
): Outcome {
  const names = held.map(describeHolder);
  const program = compileDrain({
    arch: hostArch(),
    holders: held.map(({ pid }) => pid),
    milliseconds: deadline === null ? null : left(directory, chosen, deadline),
    records: chosen
      .filter(one => one.state !== 'unfinished')
      .map(one => `${directory}/${fileOf(one)}`)
      .map(file => ({ closed: `${file}.closing`, open: `${file}.json` })),
    message: quiet
      ? ''
      : drainText(
          chosen.map(one => one.name),
          names,
        ),
  });
  return { kind: 'launch', entry: 'host', image: encode(program), values: {} };
}

/** `debian12` means all its generations, `debian12@7` that one. */
function select(
  { request: { caller } }: Invocation,
  name: string,
  directory: string,
): Attempt<readonly Generation[]> {
  const all = readGenerations(caller, directory);
  const chosen = all.filter(one => (name.includes('@') ? one.name === name : one.tree === name));
  if (chosen.length > 0) return ok(chosen);
  return name.includes('@')
    ? refuse({ kind: 'tree', fault: { kind: 'no-generation', name, known: all.map(one => one.name) } })
    : refuse({ kind: 'tree', fault: { kind: 'not-prepared', tree: name } });
}

/** `tree release NAME[@N] [--force|--drain]`, `tree drain NAME[@N]` (docs/architecture.md, "Rules of shared views", 9). */
export async function release(invocation: Invocation): Promise<Outcome> {
  const name = givenName(invocation);
  if (name.kind === 'failure') return name;
  const { flags } = invocation.line.options;
  const drains = flags.has('drain') || invocation.line.operands[0] === 'drain';
  const deadline = deadlineOf(invocation, drains);
  if (deadline.kind === 'failure') return deadline;
  if (flags.has('force') && flags.has('drain'))
    return failed({ kind: 'usage', fault: { kind: 'conflict', one: '--force', other: '--drain' } });
  const view = hostViewFor('release', invocation);
  if (view.kind === 'failure') return view;
  const directory = view.value.kind === 'other' ? `${view.value.prefix}${PINS}` : PINS;
  const chosen = select(invocation, name.value, directory);
  if (chosen.kind === 'failure') return chosen;
  const kept: Holder[] = [];
  const locks = new Map<Generation, number>();
  for (const one of chosen.value) {
    if (one.state !== 'unfinished') {
      const closed = await close(directory, one);
      if (closed.kind === 'failure') {
        reopen(directory, locks);
        return closed;
      }
      locks.set(one, closed.value);
    }
    const held = holders(invocation, directory, one);
    kept.push(...held);
    if (held.length === 0 || flags.has('force') || drains) continue;
    reopen(directory, locks);
    const names = held.map(describeHolder);
    return failed({ kind: 'tree', fault: { kind: 'held', name: one.name, holders: names } });
  }
  // Its program waits for the locks, which end with this process.
  if (drains && kept.length > 0)
    return drain(directory, chosen.value, kept, deadline.value, wantsJson(invocation));
  // The program unmounts the place of the pins if nothing is left in it. A `prepare` that comes between takes away the same.
  for (const lock of locks.values()) closeSync(lock);
  const released = chosen.value.map(one => one.name);
  const treeName = chosen.value[0]?.tree;
  const program = compileRelease({
    arch: hostArch(),
    place: { directory: PINS, file: '' },
    enter: view.value.kind === 'other',
    generations: chosen.value.map(fileOf),
    summary: wantsJson(invocation)
      ? jsonText({ name: treeName, released, holders: kept }, 2)
      : releasedText(released, kept.map(describeHolder)),
  });
  return { kind: 'launch', entry: 'host', image: encode(program), values: {} };
}

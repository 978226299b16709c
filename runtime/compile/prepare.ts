/**
 * `tree prepare`: the launch program that puts an environment together and pins it (docs/architecture.md, "Rules of shared views"). The host track stays in
 * the namespace of process 1; the maker track has a mount namespace of its own, makes it the environment, and ends once that is bound on a file.
 */
import type { Preparation } from '../../spec/environment.js';
import type { Arch } from '../../spec/image.js';
import { type OpenFlags, openFlags } from '../../spec/kernel.js';
import type { Action, Program } from '../program/action.js';
import { attempt } from '../program/control.js';
import { label, type Slot, slot, text } from '../program/operand.js';
import { sys } from '../program/step.js';
import { isPrepared, preparedLine } from '../report/operations/pins.js';
import { assemble } from './assemble.js';
import { guardKernel } from './container/kernel.js';
import { hostProgram } from './idioms/host-program.js';
import { operation } from './idioms/operation.js';
import { rule } from './launch/launch.js';
import { makerTrack } from './pins/maker.js';
import { createMakerCells, makePin, type NewPin, pinName } from './pins/pin-namespace.js';
import { recordPin } from './pins/pin-record.js';
import { enterHost, lockPins, printed, unpin } from './pins/pins.js';
import { identityLine, publish } from './pins/publish.js';

export type PrepareInput = Preparation & {
  readonly arch: Arch;
  /** Instead of sentences: when it is made, and when another command has made it. */
  readonly said?: { readonly made: string; readonly already: string };
};

export function compilePrepare(input: PrepareInput): Program {
  const open = openFlags(input.arch);
  const { place, tree } = input;
  const shown = `${tree.name}@${input.generation}`;
  const pin: NewPin = { place, generation: input.generation, shown, cpus: input.cpus };
  const pins = slot('pins', -1);
  const root = slot('root', -1);
  const cells = createMakerCells();
  const complete = label('already_complete');
  const line = input.said?.made ?? preparedLine(shown, input.root, input.shares);
  const host: readonly Action[] = [
    guardKernel(),
    ...(input.enter ? [enterHost(open)] : []),
    ...lockPins(place, open, pins),
    ...makePin(pin, pins, open, cells, complete),
    ...recordPin(pin, pins, open, cells, {
      path: tree.path,
      readonly: tree.readonly,
      boot: input.boot,
      treeMounts: treeMounts(input),
      shares: input.shares,
      directory: tree.directory,
      stamp: tree.stamp,
      points: input.points,
    }),
    publishPin(pin, identityLine(input.boot, input.digest), open),
    ...dropStale(input, pins),
    operation({ kind: 'print-result', line, because: rule('tree prepare') }, [
      ...printed(line),
      complete,
      ...printed(input.said?.already ?? isPrepared(shown)),
    ]),
  ];
  return hostProgram(input.arch, host, [
    makerTrack(open, cells, { actions: assemble(input, open, root), root }),
  ]);
}

/** Users name it when they submit a job (docs/slurm.md). */
function publishPin(pin: NewPin, line: string, open: OpenFlags): Action {
  const content = text(line);
  return operation(
    { kind: 'publish-pin', pin: pin.shown, because: rule('users name it to other machines') },
    publish(pinName(pin), content, content.size - 1, open),
  );
}

/** Older generations that nobody holds, and what commands that were killed have left. */
function dropStale({ place, stale, unfinished }: PrepareInput, pins: Slot): readonly Action[] {
  const unpinned = (file: string) => unpin(pins, `${place.directory}/${file}`, file);
  return [
    ...stale.map(file =>
      operation(
        { kind: 'drop-stale-pin', pin: file, because: rule('the newest generation counts') },
        unpinned(file),
      ),
    ),
    ...unfinished.map(file =>
      operation(
        { kind: 'clear-unfinished-pin', pin: file, because: rule('a command was killed') },
        attempt(
          ['ENOENT'],
          missing => [sys('faccessat2', [pins, text(`${file}.json`), 0, 0], missing)],
          unpinned(file),
        ),
      ),
    ),
  ];
}

function treeMounts({ root }: PrepareInput): readonly string[] {
  return root.kind === 'tree'
    ? ['/']
    : root.entries.flatMap(entry => (entry.kind === 'bind' ? [entry.path] : []));
}

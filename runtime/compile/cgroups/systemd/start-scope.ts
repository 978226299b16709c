/**
 * A unit is started with init in it. Its name may be taken: by one that has ended, which systemd forgets a moment later, or by one that lives. The first is waited
 * for, the second is left alone.
 */
import { errnos } from '../../../../spec/errno.js';
import type { UnitProperty } from '../../../../spec/systemd.js';
import type { Action } from '../../../program/action.js';
import { attempt, repeat, when } from '../../../program/control.js';
import { changeable, type Slot, slot } from '../../../program/operand.js';
import { alu, branch, call, type Line, load, move, store, waitReadable } from '../../../program/step.js';
import { isActive, notForgotten, UNIT_DESCRIPTION } from '../../../report/operations/systemd.js';
import { marshal } from '../../bus/marshal.js';
import { operation } from '../../idioms/operation.js';
import { type Launch, rule } from '../../launch/launch.js';
import { forget, type Manager, nothing, Verdict, withMode } from './manager.js';
import { createSpeech, failUnlessDone, found, refusedAs, unitField } from './outcome.js';
import type { ScopePlan } from './plan.js';
import { marshalProperties, scopeProperties, versionOf } from './properties.js';
import type { ScopeCells } from './scope.js';
import { shownUnit, type UnitName } from './unit.js';
import { anyDescription, numberDescription, type Ownership } from './whose.js';

/** Between two attempts; milliseconds. */
const PAUSE = { FIRST: 1, LONGEST: 200 } as const;

const multiple = (n: number, of: number): number => Math.ceil(n / of) * of;

/** The unit, and those of its properties that are limits. */
export interface Wanted {
  readonly name: UnitName;
  readonly limits: readonly UnitProperty[];
}

/** StartTransientUnit: name, mode, properties, units beside it. */
function startUnit(
  launch: Launch,
  m: Manager,
  plan: ScopePlan,
  { name, limits }: Wanted,
  pid: Slot,
): readonly Line[] {
  const version = versionOf(plan);
  const pids = marshalProperties([{ name: 'PIDs', type: 'au', value: [0] }]);
  const others = marshalProperties([
    ...scopeProperties(name.slice, version),
    ...limits,
    // Whoever asks for a property has the last word.
    ...launch.config.unitProperties,
  ]);
  const between = Buffer.alloc(multiple(pids.length, 8) - pids.length);
  const array = Buffer.concat([pids, between, others]);
  // The array of units beside it is empty, and padded like one that is not.
  const none = Buffer.alloc(multiple(multiple(array.length, 4) + 4, 8) - array.length);
  const all = Buffer.concat([array, none]);
  const properties = changeable('properties', all);
  const number = all.indexOf(anyDescription) + UNIT_DESCRIPTION.length;
  const size = Buffer.alloc(4);
  size.writeUInt32LE(array.length);
  const first = Buffer.concat([marshal('s', ['replace']), size]);
  return [
    store('U32', properties, pids.length - 4, pid),
    ...numberDescription(launch.cells.stateFd, properties, number),
    ...m.ask('StartTransientUnit', 'ssa(sv)a(sa(sv))', plan.unit, { first, second: properties }, true),
  ];
}

/** systemd calls it active and has not heard that its last process has ended. Ours alone: what others mean by a unit without processes is their affair. */
function isForsaken(m: Manager, plan: ScopePlan, { isContainer }: Ownership, is: Slot): readonly Line[] {
  const { connection: c } = m;
  const behind = slot('processes_behind');
  const size = slot('processes_size');
  return [
    move(is, 0),
    ...when(isContainer, 'NE', 0, [
      ...m.ask('GetUnitProcesses', 's', plan.unit, nothing, false),
      ...when(m.verdict, 'EQ', Verdict.DONE, [
        // a(sus): the length of the list.
        alu(behind, m.body, 'ADD', 4),
        ...when(behind, 'LE', c.have, [
          load(size, 'U32', c.message, m.body),
          ...when(size, 'EQ', 0, [move(is, 1)]),
        ]),
      ]),
    ]),
  ];
}

/** A signal ends it, and the command with it. */
function pauseBetween(launch: Launch): readonly Line[] {
  const { interrupts } = launch.cells;
  const pause = slot('scope_pause', PAUSE.FIRST);
  return [
    ...attempt(['ETIMEDOUT'], over => [waitReadable(interrupts.fd, pause, over), call(interrupts.fail)], [
      alu(pause, pause, 'ADD', pause),
      ...when(pause, 'GT', PAUSE.LONGEST, [move(pause, PAUSE.LONGEST)]),
    ]),
  ];
}

/** Between clone3(2) and go. `asked` becomes 1 before systemd is: from then on the scope may be there, or come. */
export function startScope(
  launch: Launch,
  m: Manager,
  plan: ScopePlan,
  wanted: Wanted,
  ownership: Ownership,
  { pid, asked }: Pick<ScopeCells, 'pid' | 'asked'>,
): Action {
  const { connection: c } = m;
  const is = slot('unit_is_taken');
  const forsaken = slot('unit_is_forsaken');
  const unit = unitField(plan);
  const because =
    launch.config.linux.cgroupsPath !== null
      ? launch.because('linux', 'cgroupsPath')
      : rule('--systemd-cgroup');
  const speech = createSpeech(because);
  return operation({ kind: 'start-scope', unit: shownUnit(wanted.name), slice: wanted.name.slice, because }, [
    move(c.interrupts, launch.cells.interrupts.fd),
    move(asked, 1),
    ...repeat(({ leave }) => [
      ...startUnit(launch, m, plan, wanted, pid),
      // There is one of that name, in whatever state.
      ...refusedAs(m, is, 'UnitExists'),
      branch(is, 'EQ', 0, leave),
      call(ownership.look),
      branch(c.problem, 'NE', 0, leave),
      branch(m.verdict, 'NE', Verdict.DONE, leave),
      ...when(ownership.ended, 'EQ', 0, [
        ...speech.shorten(ownership.called),
        // Before the next answer takes the place of its name.
        ...speech.say(isActive(unit, found(ownership.called))),
        ...isForsaken(m, plan, ownership, forsaken),
        branch(c.problem, 'NE', 0, leave),
        // There is none of ours to take back.
        ...when(forsaken, 'EQ', 0, [move(asked, 0), speech.fail(errnos.EEXIST.number)]),
        ...m.ask('StopUnit', 'ss', plan.unit, withMode('replace'), true),
        branch(c.problem, 'NE', 0, leave),
      ]),
      // One that has failed stays until it is told to go.
      ...forget(m, plan),
      branch(c.problem, 'NE', 0, leave),
      ...pauseBetween(launch),
      call(c.clock.look),
      // What is asked after that is given as long as a pause: who does not answer then is silent.
      ...when(c.clock.left, 'LE', PAUSE.LONGEST, [
        ...speech.say(notForgotten(unit)),
        speech.fail(errnos.ETIMEDOUT.number),
      ]),
    ]),
    move(c.interrupts, -1),
    ...failUnlessDone(m, unit, 'start', speech),
    call(c.close),
  ]);
}

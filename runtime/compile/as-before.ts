/**
 * What a program of `exec` that is used again (spec/reuse.ts) proves before it does anything: what decides whether there is something to execute in, and lives. All else that it was compiled
 * from the engine has compared. If something is another than it was then, the call goes to the compiler, which has the words for it.
 */
import { AT_FDCWD } from '../../spec/kernel.js';
import type { NormalConfig } from '../../spec/normal-config.js';
import type { Action } from '../program/action.js';
import { ignoring, when } from '../program/control.js';
import { type Label, label, ref, type Slot, slot, slots, text } from '../program/operand.js';
import { branch, call, handover, jump, type Line, sys, waitReadable } from '../program/step.js';
import { Frost, type FrostSensor } from './cgroups/driver.js';
import { CREATING } from './container/own-directory.js';
import type { RecordedInit } from './entered-container.js';
import { operation } from './idioms/operation.js';
import { readStartTime } from './idioms/start-time.js';
import { type ProcessLaunch, rule } from './launch/launch.js';

/** As runtime/state/read-state.ts looks: the process of state.json, which has not ended. */
function insistOnInit(
  { open }: ProcessLaunch,
  { pid, pidStart }: RecordedInit,
  other: Label,
): readonly Line[] {
  const pidfd = slot('known_pidfd', -1);
  const start = slots('known_start', 2);
  return [
    sys('pidfd_open', [pid, 0], { to: pidfd, on: [['ESRCH', 'EINVAL'], other] }),
    ...readStartTime(open, slot('known_pid', pid), start, other),
    branch(start, 'NE', BigInt(pidStart ?? 0), other),
    ...ignoring(['ETIMEDOUT'], alive => [waitReadable(pidfd, 0, alive), jump(other)]),
    sys('close', [pidfd]),
  ];
}

const hasHooksOfCreate = ({ hooks }: NormalConfig): boolean =>
  hooks.prestart.length + hooks.createRuntime.length + hooks.createContainer.length > 0;

/** That nobody holds it any more is not looked at: then it is there for good, and each call is compiled. */
function insistOnMade({ open, cells }: ProcessLaunch, other: Label): readonly Line[] {
  const fd = slot('known_directory');
  const flags = open.PATH | open.DIRECTORY | open.CLOEXEC;
  return ignoring(['ENOENT'], none => [
    sys('openat', [AT_FDCWD, ref(cells.stateDir), flags, 0], { to: fd, on: [['ENOENT'], other] }),
    sys('faccessat2', [fd, text(CREATING), 0, 0], none),
    jump(other),
  ]);
}

/** `reused`: not 0, if the program is. `frost`: of the container; null: it may be frozen. */
export function insistAsBefore(
  launch: ProcessLaunch,
  state: RecordedInit,
  reused: Slot,
  frost: FrostSensor | null,
): Action {
  const other = label('not_as_before');
  const same = label('as_before');
  return operation(
    { kind: 'find-as-before', pid: state.pid, because: rule('the program is used again') },
    when(reused, 'NE', 0, [
      ...insistOnInit(launch, state, other),
      ...(hasHooksOfCreate(launch.config) ? insistOnMade(launch, other) : []),
      ...(frost === null ? [] : [call(frost.see), branch(frost.frost, 'NE', Frost.THAWED, other)]),
      jump(same),
      other,
      handover(),
      same,
    ]),
  );
}

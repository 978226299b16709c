/**
 * The stored program: start, kill, delete, state, pause and resume of one container, compiled together with its launch, so that none of them
 * starts Node. Each entry is a track of its own.
 */

import type { ParameterName } from '../../../spec/parameters.js';
import type { Program } from '../../program/action.js';
import { type Slot, slot } from '../../program/operand.js';
import { hookActions, hookContext } from '../hooks/hooks.js';
import type { Launch } from '../launch/launch.js';

import { createContext } from './context.js';
import { killTrack } from './kill.js';
import { pauseTrack, resumeTrack } from './pause.js';
import { stateTrack } from './print-state.js';
import { deleteTrack } from './remove.js';
import { startTrack } from './start.js';
import { createLifecycle, type Lifecycle } from './subroutines.js';

const parametersOf = (
  c: Lifecycle,
  extra: readonly (readonly [ParameterName, Slot])[],
): readonly (readonly [ParameterName, Slot])[] => [
  ['ID', c.id],
  ['STATE_DIR', c.stateDir],
  ['ENVIRON', c.environ],
  ...extra,
];

/** The program that is stored in the state directory as `program`. `directories`: of the cgroups, if state.json names them. */
export function compileLifecycle(launch: Launch, directories?: readonly string[]): Program {
  const c = createLifecycle(createContext(launch, directories));
  const signal = slot('signal', 15);
  const all = slot('all');
  const force = slot('force');
  const context = hookContext(launch, c, { who: 'command', interrupts: c.interrupts });
  const { poststart, poststop } = launch.config.hooks;
  const started = hookActions(context, 'poststart', poststart, 'running');
  const stopped = hookActions(context, 'poststop', poststop, 'stopped', { tolerant: true });
  return {
    arch: launch.facts.arch,
    joins: false,
    tracks: [
      startTrack(c, started, stopped),
      ...started.tracks,
      killTrack(c, signal, all),
      deleteTrack(c, force, stopped),
      ...stopped.tracks,
      stateTrack(c),
      pauseTrack(c),
      resumeTrack(c),
    ],
    entries: (['start', 'kill', 'delete', 'state', 'pause', 'resume'] as const).map(entry => ({
      entry,
      track: entry,
    })),
    parameters: new Map(
      parametersOf(c, [
        ['SIGNAL', signal],
        ['ALL', all],
        ['FORCE', force],
        ...(launch.options.notify === null ? [] : [['NOTIFY_SOCKET', c.notifySocket] as const]),
      ]),
    ),
  };
}

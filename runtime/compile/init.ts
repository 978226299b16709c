/** Init: how it is started, what it begins with, and where it waits. Everything between is in phases (launch/phases.ts). */
import { Clone, SIGCHLD, SIGKILL } from '../../spec/kernel.js';
import type { Action, Track } from '../program/action.js';
import { when } from '../program/control.js';
import { type Data, type Label, label, type Slot, slot } from '../program/operand.js';
import { exit, exitReporting, jump, type Line, move, sys, track, trim, waitReap } from '../program/step.js';
import type { NewGroups } from './cgroups/driver.js';
import { lockAgain } from './container/own-directory.js';
import { hasGateError } from './container/state.js';
import { cloneArguments } from './idioms/clone.js';
import { operation } from './idioms/operation.js';
import { type Launch, rule } from './launch/launch.js';
import type { Contribution } from './launch/phases.js';
import type { NamespacesInLaunch } from './namespaces/in-launch.js';
import { cloneFlags } from './namespaces/namespaces.js';
import { reportFailure } from './process/channel.js';

export interface InitInput {
  readonly begin: Label;
  /** Where its failures go at the time. */
  readonly errorFd: Slot;
  readonly cgroups: NewGroups;
  /** Host track, right after clone3(2). */
  readonly started: readonly Line[];
  readonly door: NamespacesInLaunch['door'];
  /** It runs hooks. */
  readonly runsHooks: boolean;
  /** The lock is given up while hooks are at work. */
  readonly yields: boolean;
}

export interface InitInLaunch {
  readonly contribution: Contribution;
  /** Of others who start it. */
  readonly tracks: readonly Track[];
}

export function initInLaunch(launch: Launch, input: InitInput): InitInLaunch {
  const { cells } = launch;
  const cloneArgs = argumentsOf(launch, input);
  const door = input.door?.({
    arguments: cloneArgs,
    begin: input.begin,
    failed: reportFailure(launch, cells.initEnd),
  });
  const start = door?.through ?? [track(cloneArgs, 'init', input.begin, { to: cells.pid })];
  return {
    contribution: {
      host: { init: [startInit(launch, input, cloneArgs, start)] },
      init: { begin: [beginInit(launch, input)], gate: [waitAtGate(launch, input.errorFd)] },
    },
    tracks: door ? [door.track] : [],
  };
}

function argumentsOf(launch: Launch, { door, cgroups }: InitInput): Data {
  const own = cloneFlags(launch) | Clone.PIDFD | (door === null ? 0 : Clone.PARENT);
  return cloneArguments(
    'init',
    BigInt(own) | cgroups.birth.flags,
    launch.cells.pidfd,
    door === null ? SIGCHLD : 0,
  );
}

function startInit(launch: Launch, input: InitInput, cloneArgs: Data, start: readonly Line[]): Action {
  const { cells, options } = launch;
  const { birth } = input.cgroups;
  const namespaces = [...launch.namespaces].filter(([, path]) => path === 'new').map(([type]) => type);
  return operation(
    { kind: 'start-init', namespaces, because: rule('namespaces') },
    [
      ...birth.begin(cloneArgs),
      ...start,
      ...input.started,
      sys('close', [cells.initEnd]),
      // What the other end of exec.err holds tells that the command is not yet executed.
      ...(options.entry === 'run' && hasGateError(launch) ? [sys('close', [cells.gateError])] : []),
      ...birth.end,
    ],
    { undo: stopInit(launch, input) },
  );
}

/** Init ends with the channel; one that waits for a hook then ends that with all its children, for which it is given time. */
function stopInit(launch: Launch, { cgroups, runsHooks, yields }: InitInput): readonly Line[] {
  const { cells } = launch;
  const ours = label('still_ours');
  const deleted = label('deleted_by_others');
  return [
    ...(runsHooks
      ? when(cells.hostEnd, 'NE', -1, [
          sys('close', [cells.hostEnd]),
          waitReap(cells.pidfd, 2_000, { to: cells.result }),
        ])
      : []),
    sys('pidfd_send_signal', [cells.pidfd, SIGKILL, 0, 0]),
    ...cgroups.thawAll(),
    waitReap(cells.pidfd, 10_000, { to: cells.result }),
    // Others had their turn: one that has deleted the container has removed its cgroups and run its poststop hooks as well.
    ...(yields ? [...lockAgain(launch, deleted), jump(ours), deleted, exitReporting(1), ours] : []),
  ];
}

function beginInit({ cells }: Launch, { begin, errorFd, cgroups }: InitInput): Action {
  return operation({ kind: 'begin-as-init', because: rule('init works in the container') }, [
    begin,
    sys('close', [cells.hostEnd]),
    // It carries the lock, which must end with the command.
    sys('close', [cells.stateFd]),
    ...cgroups.letGo,
    move(errorFd, cells.initEnd),
  ]);
}

/** create: the fifo that `start` writes; run: the channel. */
function waitAtGate({ cells, options }: Launch, errorFd: Slot): Action {
  const size = slot('gate_size');
  const isCreate = options.entry === 'create';
  return operation({ kind: 'wait-at-gate', because: rule('create, then start') }, [
    ...(isCreate
      ? [
          sys('close', [cells.initEnd]),
          // Whoever waits for a hook looks at it.
          move(cells.initEnd, -1),
          move(errorFd, cells.gateError),
          trim(),
        ]
      : []),
    sys('read', [isCreate ? cells.gate : cells.initEnd, cells.message, 1], { to: size }),
    ...when(size, 'LE', 0, [exit(1)]),
    ...(isCreate ? [sys('close', [cells.gate])] : []),
  ]);
}

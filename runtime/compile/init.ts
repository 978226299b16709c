import { type Action, action, type Track } from '../program/action.js';
import { type Label, label, type Slot, slot, text } from '../program/operand.js';
import { branch, exit, load, move, sys, trim } from '../program/step.js';
import type { NewGroups } from './cgroups/driver.js';
import { letGoOfHost } from './container/descriptors.js';
import { type Launch, rule } from './launch/launch.js';
import { loopback, unshareCgroup } from './namespaces/namespaces.js';
import type { Becoming } from './process/become.js';
import { awaitHost, reportFailure, Signal } from './process/channel.js';
import { defaultSignals, keyring, outOfMemoryScore, session } from './process/process.js';
import { scheduling } from './process/scheduling.js';
import { names } from './root/system.js';

/** Everything that init does after the host said go. */
export function initTrack(launch: Launch, begin: Label, command: Becoming, parts: InitParts): Track {
  const { cells } = launch;
  const errorFd = slot('error_fd', -1);

  const actions: Action[] = [
    action({ title: 'begin as init', because: rule('init works in the container') }, [
      begin,
      sys('close', [cells.hostEnd]),
      // It carries the lock, which must end with the command.
      sys('close', [cells.stateFd]),
      ...parts.cgroups.letGo,
      move(errorFd, cells.initEnd),
    ]),
    awaitHost(launch, 'record'),
    action({ title: 'learn the pid that the host sees', because: rule('hooks get it') }, [
      load(parts.hostPid, 'U64', cells.message),
    ]),
    ...parts.cgroups.enter,
    ...unshareCgroup(launch),
    ...parts.enterNamespaces,
    ...session(),
    ...outOfMemoryScore(launch),
    ...command.reserve,
    ...scheduling(launch),
    ...keyring(launch),
    defaultSignals(),
    action({ title: 'set the umask to 0', because: rule('modes are meant literally') }, [sys('umask', [0])]),
    ...parts.beforeRoot,
    ...parts.root,
    ...names(launch),
    ...loopback(launch),
    ...parts.afterRoot,
    letGoOfHost(launch, [cells.initEnd, cells.gate, cells.gateError, ...parts.hookOutput]),
    ...command.prepare,
    action({ title: 'tell the host that all is ready', because: rule('created') }, [
      sys('write', [cells.initEnd, text(Signal.READY), 1]),
    ]),
    waitAtGate(launch, errorFd),
    ...parts.startContainer,
    ...command.execute(errorFd, 'start gate'),
  ];
  return { name: 'init', actions, failed: reportFailure(launch, errorFd) };
}

/** create: the fifo that `start` writes; run: the channel. */
export function waitAtGate(launch: Launch, errorFd: Slot): Action {
  const { cells, options } = launch;
  const go = label('gate_open');
  const size = slot('gate_size');
  const fd = options.entry === 'create' ? cells.gate : cells.initEnd;
  return action({ title: 'wait at the start gate', because: rule('create, then start') }, [
    ...(options.entry === 'create'
      ? [
          sys('close', [cells.initEnd]),
          // Whoever waits for a hook looks at it.
          move(cells.initEnd, -1),
          move(errorFd, cells.gateError),
        ]
      : []),
    ...(options.entry === 'create' ? [trim()] : []),
    sys('read', [fd, cells.message, 1], { to: size }),
    branch(size, 'GT', 0, go),
    exit(1),
    go,
    ...(options.entry === 'create' ? [sys('close', [cells.gate])] : []),
  ]);
}

export interface InitParts {
  readonly hostPid: Slot;
  readonly cgroups: NewGroups;
  readonly enterNamespaces: readonly Action[];
  readonly beforeRoot: readonly Action[];
  readonly root: readonly Action[];
  readonly afterRoot: readonly Action[];
  readonly startContainer: readonly Action[];
  /** Descriptors that hooks inside write to. */
  readonly hookOutput: readonly Slot[];
}

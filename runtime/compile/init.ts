/**
 * The track of the container's first process, from the moment the host lets it go to execve(2).
 */
import { Prctl } from '../../spec/kernel.js';
import { type Action, action, type Track } from '../program/action.js';
import { type Label, label, type Slot, slot, text } from '../program/operand.js';
import { branch, exit, formatFailure, load, move, sys, trim } from '../program/step.js';
import { type CapabilityActions, capabilityActions } from './capabilities.js';
import { awaitHost, Signal } from './channel.js';
import { environmentOf, executable } from './executable.js';
import { findHome } from './home.js';
import { type Launch, rule } from './launch.js';
import { loopback, unshareCgroup } from './namespaces.js';
import {
  defaultSignals,
  identity,
  keyring,
  limits,
  outOfMemoryScore,
  ownStreams,
  session,
  workingDirectory,
} from './process.js';
import { scheduling } from './scheduling.js';
import { names } from './system.js';

/** Everything that init does after the host said go. */
export function initTrack(launch: Launch, begin: Label, seccomp: Action | null, parts: InitParts): Track {
  const { cells, process } = launch;
  const nnp = process.noNewPrivileges === true;
  const user = launch.because('process', 'user');
  const caps: CapabilityActions = capabilityActions(
    process.capabilities,
    launch.facts,
    process.capabilities ? launch.because('process', 'capabilities') : rule('no capabilities asked for'),
  );
  const cwd = workingDirectory(process, launch.because('process', 'cwd'));
  const home = findHome(launch);
  const program = executable(process, environmentOf(launch), home, launch, launch.because('process', 'args'));
  const errorFd = slot('error_fd', -1);
  const size = slot('failure_size');
  const umask = process.user?.umask ?? 0o022;

  const actions: Action[] = [
    action({ title: 'begin as init', because: rule('init works in the container') }, [
      begin,
      sys('close', [cells.hostEnd]),
      // It carries the lock, which must end with the command.
      sys('close', [cells.stateFd]),
      move(errorFd, cells.initEnd),
    ]),
    awaitHost(launch, 'wait until the host has recorded this process'),
    action({ title: 'learn the pid that the host sees', because: rule('hooks get it') }, [
      load(parts.hostPid, 'U64', cells.message),
    ]),
    ...parts.enterCgroups,
    ...unshareCgroup(launch),
    ...parts.enterNamespaces,
    ...session(),
    ...outOfMemoryScore(launch),
    ...limits(launch),
    ...scheduling(launch),
    ...keyring(launch),
    defaultSignals(),
    action({ title: 'set the umask to 0', because: rule('modes are meant literally') }, [sys('umask', [0])]),
    ...parts.beforeRoot,
    ...parts.root,
    ...names(launch),
    ...loopback(launch),
    ...parts.afterRoot,
    action({ title: `set the umask to ${umask.toString(8).padStart(4, '0')}`, because: user }, [
      sys('umask', [umask]),
    ]),
    ...(home ? [home.find] : []),
    cwd.before,
    ...(seccomp !== null && !nnp ? [seccomp] : []),
    caps.bound,
    ...ownStreams(process.user, user),
    ...identity(process.user, user),
    ...caps.apply,
    cwd.after,
    ...(nnp
      ? [
          action({ title: 'set no_new_privs', because: launch.because('process', 'noNewPrivileges') }, [
            sys('prctl', [Prctl.SET_NO_NEW_PRIVS, 1, 0, 0, 0]),
          ]),
        ]
      : []),
    ...program.find,
    action({ title: 'tell the host that all is ready', because: rule('created') }, [
      sys('write', [cells.initEnd, text(Signal.READY), 1]),
    ]),
    waitAtGate(launch, errorFd),
    ...parts.startContainer,
    ...(seccomp !== null && nnp ? [seccomp] : []),
    action({ title: 'say that execve comes next', because: rule('start gate') }, [
      sys('write', [errorFd, text(Signal.EXEC), 1]),
    ]),
    ...program.exec,
  ];
  const done = label('failure_sent');
  return {
    name: 'init',
    actions,
    subroutines: [],
    failed: [
      formatFailure(cells.message, size),
      sys('write', [errorFd, cells.message, size], { on: [['EPIPE'], done] }),
      done,
      exit(1),
    ],
  };
}

/** create: the fifo that `start` writes; run: the channel. */
export function waitAtGate(launch: Launch, errorFd: Slot): Action {
  const { cells, options } = launch;
  const go = label('gate_open');
  const size = slot('gate_size');
  const fd = options.entry === 'create' ? cells.gate : cells.initEnd;
  return action({ title: 'wait at the start gate', because: rule('create, then start') }, [
    ...(options.entry === 'create' ? [sys('close', [cells.initEnd]), move(errorFd, cells.gateError)] : []),
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
  readonly enterCgroups: readonly Action[];
  readonly enterNamespaces: readonly Action[];
  readonly beforeRoot: readonly Action[];
  readonly root: readonly Action[];
  readonly afterRoot: readonly Action[];
  readonly startContainer: readonly Action[];
}

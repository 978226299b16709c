/**
 * From a process in the right place to the command: the order in which rights are given up, which is the same for init and for `exec` and must
 * not be changed by one of them alone: sets of capabilities before the user changes need other rights than after, and a filter may deny what comes behind it.
 */
import { Prctl } from '../../../spec/kernel.js';
import type { Action, Because } from '../../program/action.js';
import { type Data, type Operand, type Slot, text } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { callersGroups } from '../launch/callers-groups.js';
import { type ProcessLaunch, rule } from '../launch/launch.js';
import { giveListener } from '../launch/seccomp-listener.js';
import { capabilityActions } from './capabilities.js';
import { Signal } from './channel.js';
import { environmentOf, executable } from './executable.js';
import { findHome } from './home.js';
import { identity, workingDirectory } from './process.js';
import { limits } from './rlimits.js';
import type { LoadedFilter } from './seccomp-action.js';
import { ownStreams } from './streams.js';

export interface Becoming {
  /** While the host's rights and namespaces are there: what needs them for a limit. */
  readonly reserve: readonly Action[];
  /** Up to the executable's being found, as the user and with the user's rights. */
  readonly prepare: readonly Action[];
  /** What every program of the container begins under, hooks inside as well: limits and the filter. Then nothing but execve(2). */
  readonly confine: readonly Action[];
  /** The environment of the command. */
  readonly environment: Data;
  /** The last things: word to `errorFd`, the confinement, execve(2). `reply`: where the host says that whoever answers for the filter has been told. */
  execute(errorFd: Slot, reply: Slot, because: Because): readonly Action[];
}

/** What it takes the rights of the host to do for the process. */
export interface Endowed {
  /** The process for which `reserve` is done; 0: it does it itself. */
  readonly reserveFor: Operand;
  /** Whether it makes the streams its own, or was given them. */
  readonly streams: 'own' | 'given';
}

/**
 * The filter is loaded last of all: a profile need not know what the runtime calls, which is more and newer than what its author had in mind. Without
 * no_new_privs that takes CAP_SYS_ADMIN, which is therefore held until execve(2) takes it away.
 */
export function becomeCommand(
  launch: ProcessLaunch,
  seccomp: LoadedFilter | null,
  endowed: Endowed = { reserveFor: 0, streams: 'own' },
): Becoming {
  const { process, facts } = launch;
  const user = launch.because('process', 'user');
  const args = launch.because('process', 'args');
  const { noNewPrivileges } = process;
  const { umask } = process.user;
  const given = process.capabilities
    ? launch.because('process', 'capabilities')
    : rule('no capabilities asked for');
  const held = seccomp !== null && !noNewPrivileges ? ['CAP_SYS_ADMIN'] : [];
  const capabilities = capabilityActions(process.capabilities, facts, given, held);
  const directory = workingDirectory(process, launch.because('process', 'cwd'));
  const environment = environmentOf(launch);
  const home = findHome(launch, environment);
  const program = executable(process, environment, home, launch, args);
  const { reserve, set } = limits(launch, endowed.reserveFor);
  const confine = [...set, ...(seccomp === null ? [] : [seccomp.load])];
  const notifies = seccomp?.notifies ?? null;
  return {
    reserve,
    prepare: [
      operation({ kind: 'set-umask', mode: umask, because: user }, [sys('umask', [umask])]),
      ...(home ? [home.find] : []),
      directory.before,
      capabilities.bound,
      ...(endowed.streams === 'own' ? ownStreams(process.user.uid, user) : []),
      ...identity(process.user, callersGroups(launch), user),
      ...capabilities.apply,
      directory.after,
      ...(noNewPrivileges
        ? [
            operation(
              { kind: 'set-no-new-privileges', because: launch.because('process', 'noNewPrivileges') },
              [sys('prctl', [Prctl.SET_NO_NEW_PRIVS, 1, 0, 0, 0])],
            ),
          ]
        : []),
      ...program.find,
    ],
    confine,
    environment: program.environment,
    execute: (errorFd, reply, because) => [
      // Before the filter, which may not know write(2); a failure after it is told as well as the filter allows.
      operation({ kind: 'announce-execve', because }, [sys('write', [errorFd, text(Signal.EXEC), 1])]),
      ...confine,
      ...(notifies === null ? [] : [giveListener(notifies.fd, errorFd, reply)]),
      ...program.exec,
    ],
  };
}

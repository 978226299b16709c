/**
 * From a process in the right place to the command: the order in which rights are given up, which is the same for init and for `exec` and must
 * not be changed by one of them alone (oci-contract.md D1, steps 12 to 17).
 */
import { Prctl } from '../../spec/kernel.js';
import { type Action, action } from '../program/action.js';
import { type Slot, text } from '../program/operand.js';
import { sys } from '../program/step.js';
import { capabilityActions } from './capabilities.js';
import { Signal } from './channel.js';
import { environmentOf, executable } from './executable.js';
import { findHome } from './home.js';
import { type Launch, rule } from './launch.js';
import { identity, ownStreams, workingDirectory } from './process.js';

export interface Becoming {
  /** Up to the executable's being found, with the rights of the user. */
  readonly prepare: readonly Action[];
  /** The last things: a filter that no_new_privs allows to load late, word to `errorFd`, execve(2). */
  execute(errorFd: Slot, why: string): readonly Action[];
}

/** `seccomp`: loaded while CAP_SYS_ADMIN is still there, unless no_new_privs makes that needless. */
export function becomeCommand(launch: Launch, seccomp: Action | null): Becoming {
  const { process, facts } = launch;
  const user = launch.because('process', 'user');
  const args = launch.because('process', 'args');
  const umask = process.user?.umask ?? 0o022;
  const filter = seccomp === null ? [] : [seccomp];
  const late = process.noNewPrivileges === true;
  const given = process.capabilities
    ? launch.because('process', 'capabilities')
    : rule('no capabilities asked for');
  const capabilities = capabilityActions(process.capabilities, facts, given);
  const directory = workingDirectory(process, launch.because('process', 'cwd'));
  const home = findHome(launch);
  const program = executable(process, environmentOf(launch), home, launch, args);
  return {
    prepare: [
      action({ title: `set the umask to ${umask.toString(8).padStart(4, '0')}`, because: user }, [
        sys('umask', [umask]),
      ]),
      ...(home ? [home.find] : []),
      directory.before,
      ...(late ? [] : filter),
      capabilities.bound,
      ...ownStreams(process.user, user),
      ...identity(process.user, user),
      ...capabilities.apply,
      directory.after,
      ...(late
        ? [
            action({ title: 'set no_new_privs', because: launch.because('process', 'noNewPrivileges') }, [
              sys('prctl', [Prctl.SET_NO_NEW_PRIVS, 1, 0, 0, 0]),
            ]),
          ]
        : []),
      ...program.find,
    ],
    execute: (errorFd, why) => [
      ...(late ? filter : []),
      action({ title: 'say that execve comes next', because: rule(why) }, [
        sys('write', [errorFd, text(Signal.EXEC), 1]),
      ]),
      ...program.exec,
    ],
  };
}

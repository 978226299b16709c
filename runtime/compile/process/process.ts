/**
 * The process itself (config.md, "Process"): limits, signals, directory, identity, keyring.
 */
import type { ErrnoName } from '../../../spec/errno.js';
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, KEYCTL_JOIN_SESSION_KEYRING, SIG_SETMASK, SIGSET_SIZE } from '../../../spec/kernel.js';
import type { NormalProcess, NormalUser } from '../../../spec/normal-config.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, repeatWhile, when } from '../../program/control.js';
import { buffer, characters, field, slot, struct, text, u32, u64 } from '../../program/operand.js';
import { alu, format, guard, type Line, load, move, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { writeFile } from '../idioms/write-file.js';
import { type ProcessLaunch, rule } from '../launch/launch.js';

/** Before the root changes: needs the host's /proc. */
export function outOfMemoryScore(launch: ProcessLaunch): readonly Action[] {
  const score = launch.process.oomScoreAdj;
  if (score === null) return [];
  const value = characters('score', String(score));
  const { open } = launch;
  return [
    operation({ kind: 'set-oom-score', score, because: launch.because('process', 'oomScoreAdj') }, [
      ...writeFile(open, AT_FDCWD, '/proc/self/oom_score_adj', value, 'oom_fd'),
    ]),
  ];
}

/** A new session: the container must not share the caller's terminal or process group. */
export function session(): readonly Action[] {
  return [
    operation({ kind: 'start-session', because: rule('init leads its own session') }, [sys('setsid', [])]),
  ];
}

/** Signals as a fresh process expects them: none blocked, none ignored (conmon and shells ignore some). */
export function defaultSignals(): Action {
  return operation({ kind: 'reset-signals', because: rule('signals are at their defaults') }, resetSignals());
}

const SIG_DFL = struct('SIG_DFL', [u64(0), u64(0), u64(0), u64(0)], true);

/** For whatever is executed: none blocked, none ignored. */
export function resetSignals(): readonly Line[] {
  const number = slot('signal_number', 1);
  return [
    sys('rt_sigprocmask', [SIG_SETMASK, struct('no signals', [u64(0)], true), 0, SIGSET_SIZE]),
    ...repeatWhile(number, 'LE', 64, [
      ...ignoring(['EINVAL'], fixed => [sys('rt_sigaction', [number, SIG_DFL, 0, SIGSET_SIZE], fixed)]),
      alu(number, number, 'ADD', 1),
    ]),
  ];
}

const notUsable: readonly ErrnoName[] = ['EACCES', 'EPERM'];

/** chdir(2), first with full rights, again as the user (NFS with root_squash); then the path must be inside the root (CVE-2024-21626). */
export function workingDirectory(
  process: NormalProcess,
  because: ReturnType<ProcessLaunch['because']>,
): {
  readonly before: Action;
  readonly after: Action;
} {
  const failed = slot('chdir_failed');
  const where = buffer('cwd', 4096);
  const first = slot('cwd_first');
  const result = slot('chdir_result');
  return {
    before: operation({ kind: 'change-directory', path: process.cwd, because }, [
      ...attempt(notUsable, unusable => [sys('chdir', [text(process.cwd)], { to: result, ...unusable })], [
        move(failed, 1),
      ]),
    ]),
    after: operation({ kind: 'check-directory', path: process.cwd, because }, [
      ...when(failed, 'NE', 0, [sys('chdir', [text(process.cwd)])]),
      sys('getcwd', [where, 4096]),
      load(first, 'U8', where),
      guard(first, 'EQ', '/'.charCodeAt(0), errnos.EXDEV.number),
    ]),
  };
}

/**
 * setgroups, setgid, setuid; capabilities are kept over it by PR_SET_KEEPCAPS (see capabilities.ts). `keepGroups`: the supplementary groups stay those
 * of the caller.
 */
export function identity(
  { uid, gid, additionalGids: groups }: NormalUser,
  keepGroups: boolean,
  because: ReturnType<ProcessLaunch['because']>,
): readonly Action[] {
  return [
    operation({ kind: 'become-user', uid, gid, groups, keepsGroups: keepGroups, because }, [
      ...(keepGroups
        ? []
        : [
            sys('setgroups', [
              groups.length,
              groups.length > 0 ? struct('groups', groups.map(u32), true) : 0,
            ]),
          ]),
      sys('setresgid', [gid, gid, gid]),
      sys('setresuid', [uid, uid, uid]),
    ]),
  ];
}

/**
 * The keyring of the session: what the caller holds must not leak into the container (keyctl(2)). Left out only where nobody can reach the caller's:
 * a kernel without keys (ENOSYS), or a filter around this very process that forbids keyctl(2) (EPERM, as in a container of Docker's), which the
 * container inherits. A full quota (EDQUOT) and all else is an error, as with crun and runc. Not searchable, unlike runc's: another container of the same
 * user could join it by its name; so each `exec` has one of its own.
 */
export function keyring(launch: ProcessLaunch): readonly Action[] {
  if (launch.options.noNewKeyring) return [];
  const name = buffer('keyring_name', 1040);
  return [
    operation({ kind: 'join-keyring', because: rule('a container has its own keyring') }, [
      format(name, ['_ses.', field(TemplateField.STRING, launch.cells.id)]),
      ...ignoring(['ENOSYS', 'EPERM'], none => [
        sys('keyctl_join', [KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0], none),
      ]),
    ]),
  ];
}

/**
 * The process itself (config.md, "Process"): limits, signals, directory, identity, keyring.
 */
import type { ErrnoName } from '../../../spec/errno.js';
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, KEYCTL_JOIN_SESSION_KEYRING, Prctl } from '../../../spec/kernel.js';
import type { NormalProcess, NormalUser } from '../../../spec/normal-config.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, when } from '../../program/control.js';
import {
  buffer,
  characters,
  type Data,
  field,
  type Slot,
  slot,
  struct,
  text,
  u32,
} from '../../program/operand.js';
import { format, guard, type Line, load, move, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { resetSignals } from '../idioms/reset-signals.js';
import { writeFile } from '../idioms/write-file.js';
import type { CallersGroups } from '../launch/callers-groups.js';
import { isHostRoot } from '../launch/confined.js';
import { type ProcessLaunch, rule } from '../launch/launch.js';

/** Before the root changes: needs the host's /proc. `of`: the pid of another process that has it. */
export function outOfMemoryScore(launch: ProcessLaunch, of?: Slot): readonly Action[] {
  const score = launch.process.oomScoreAdj;
  if (score === null) return [];
  const value = characters('score', String(score));
  const { open, facts } = launch;
  const because = launch.because('process', 'oomScoreAdj');
  const own = '/proc/self/oom_score_adj';
  const ifAllowed = facts.userNamespace !== null || facts.euid !== 0;
  if (of === undefined && !ifAllowed)
    return [
      operation({ kind: 'set-oom-score', score, because }, writeFile(open, AT_FDCWD, own, value, 'oom_fd')),
    ];
  const fd = slot('oom_fd');
  const path = buffer('oom_path', 48);
  const opened = (at: Data): Line => sys('openat', [AT_FDCWD, at, open.WRONLY | open.CLOEXEC, 0], { to: fd });
  return [
    operation({ kind: 'set-oom-score', score, ...(ifAllowed ? { ifAllowed } : {}), because }, [
      ...(of === undefined
        ? belongsToCaller(facts)
          ? [opened(text(own))]
          : dumpable([opened(text(own))])
        : [format(path, ['/proc/', field(TemplateField.DECIMAL, of), '/oom_score_adj']), opened(path)]),
      // Below what it was needs CAP_SYS_RESOURCE of the host: then it stays, as with crun and runc.
      ...(ifAllowed
        ? ignoring(['EACCES', 'EPERM'], denied => [sys('write', [fd, value, value.size], denied)])
        : [sys('write', [fd, value, value.size])]),
      sys('close', [fd]),
    ]),
  ];
}

/** Files of /proc/self belong, as long as the process is not dumpable (proc(5)), to root of the user namespace in which it was executed: that of the caller. */
const belongsToCaller = ({ euid }: ProcessLaunch['facts']): boolean => euid === 0;

/** Only where no process of a container has rights over this one (CVE-2016-9962). */
function dumpable(lines: readonly Line[]): readonly Line[] {
  return [
    sys('prctl', [Prctl.SET_DUMPABLE, 1, 0, 0, 0]),
    ...lines,
    sys('prctl', [Prctl.SET_DUMPABLE, 0, 0, 0, 0]),
  ];
}

/**
 * The last thing before a process waits for somebody to whom it has to be open: pidfd_getfd(2) and setns(2) to its user namespace ask of a caller who is not root of the host
 * that it be dumpable, since it was executed in the namespace of that caller (ptrace(2), "access mode checking"). It holds nothing of the host any more; of the container
 * those may look into it who have all of its capabilities, and it is about to become one of theirs. execve(2) would make it dumpable anyway.
 */
export function openToCaller(launch: ProcessLaunch): readonly Action[] {
  if (isHostRoot(launch)) return [];
  return [
    operation(
      { kind: 'open-to-caller', because: rule('who is not root of the host may not enter it else') },
      [sys('prctl', [Prctl.SET_DUMPABLE, 1, 0, 0, 0])],
    ),
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

/** setgroups, setgid, setuid; capabilities are kept over it by PR_SET_KEEPCAPS (see capabilities.ts). */
export function identity(
  { uid, gid, additionalGids: groups }: NormalUser,
  callersGroups: CallersGroups,
  because: ReturnType<ProcessLaunch['because']>,
): readonly Action[] {
  const keepsGroups = callersGroups === 'kept';
  return [
    operation({ kind: 'become-user', uid, gid, groups, keepsGroups, because }, [
      ...(keepsGroups ? [] : setGroups(groups, callersGroups === 'kept-if-denied')),
      sys('setresgid', [gid, gid, gid]),
      sys('setresuid', [uid, uid, uid]),
      // Who becomes somebody else is what fs.suid_dumpable says (prctl(2)), and the channel to the host is still open.
      ...(uid === 0 && gid === 0 ? [] : [sys('prctl', [Prctl.SET_DUMPABLE, 0, 0, 0, 0])]),
    ]),
  ];
}

/** user_namespaces(7): EPERM is the answer to who has all rights in a namespace whose /proc/PID/setgroups says "deny". Who asks for groups has to get them. */
function setGroups(groups: readonly number[], mayBeDenied: boolean): readonly Line[] {
  if (groups.length > 0) return [sys('setgroups', [groups.length, struct('groups', groups.map(u32), true)])];
  if (!mayBeDenied) return [sys('setgroups', [0, 0])];
  return ignoring(['EPERM'], denied => [sys('setgroups', [0, 0], denied)]);
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

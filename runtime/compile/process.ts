/**
 * The process itself (config.md, "Process"): limits, identity, directory, executable, and at last execve(2).
 */
import type { ErrnoName } from '../../spec/errno.js';
import { errnos } from '../../spec/errno.js';
import type { Process, User } from '../../spec/generated/config.js';
import { TemplateField } from '../../spec/instructions.js';
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  IOPRIO_CLASS_SHIFT,
  IOPRIO_WHO_PROCESS,
  KEYCTL_JOIN_SESSION_KEYRING,
  S_IFCHR,
  S_IFMT,
  S_IFREG,
  SIG_SETMASK,
  SIGSET_SIZE,
  STATX_BASIC,
  STATX_TYPE,
  Statx,
} from '../../spec/kernel.js';
import { type Action, action, failedErrno } from '../program/action.js';
import {
  buffer,
  bytes,
  field,
  label,
  ref,
  slot,
  slots,
  struct,
  text,
  u32,
  u64,
  vector,
} from '../program/operand.js';
import { alu, branch, fail, format, guard, jump, type Line, load, move, scan, sys } from '../program/step.js';
import type { Home } from './home.js';
import { type Launch, rule } from './launch.js';

// asm-generic/resource.h
const rlimits: Readonly<Record<string, number>> = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
};

export function limits(launch: Launch): readonly Action[] {
  return (launch.process.rlimits ?? []).map((r, i) =>
    action(
      {
        title: `set ${r.type} to ${r.soft}:${r.hard}`,
        because: launch.because('process', 'rlimits', i),
      },
      [sys('prlimit64', [0, rlimits[r.type] ?? 0, struct('rlimit', [u64(r.soft), u64(r.hard)], true), 0])],
    ),
  );
}

/** Before the root changes: needs the host's /proc. */
export function outOfMemoryScore(launch: Launch): readonly Action[] {
  const score = launch.process.oomScoreAdj;
  if (score === undefined) return [];
  const fd = slot('oom_fd');
  const value = new TextEncoder().encode(String(score));
  const { open } = launch;
  return [
    action({ title: `set oom_score_adj to ${score}`, because: launch.because('process', 'oomScoreAdj') }, [
      sys('openat', [AT_FDCWD, text('/proc/self/oom_score_adj'), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
      sys('write', [fd, bytes('score', value, 1), value.length]),
      sys('close', [fd]),
    ]),
  ];
}

/** A new session: the container must not share the caller's terminal or process group. */
export function session(): readonly Action[] {
  return [
    action({ title: 'start a new session', because: rule('init leads its own session') }, [
      sys('setsid', []),
    ]),
  ];
}

// linux/sched.h
const policies: Readonly<Record<string, number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};
const schedulerFlags: Readonly<Record<string, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
};
// linux/ioprio.h
const ioClasses = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 } as const;
// linux/personality.h
const personalities: Readonly<Record<string, number>> = { LINUX: 0, LINUX32: 8 };

export function scheduling(launch: Launch): readonly Action[] {
  const { scheduler, ioPriority } = launch.process;
  const personality = launch.config.linux?.personality;
  const out: Action[] = [];
  if (scheduler) {
    let flags = 0;
    for (const f of scheduler.flags ?? []) flags |= schedulerFlags[f] ?? 0;
    const attributes = struct(
      'sched_attr',
      [
        u32(56),
        u32(policies[scheduler.policy] ?? 0),
        u64(flags),
        u32((scheduler.nice ?? 0) >>> 0),
        u32((scheduler.priority ?? 0) >>> 0),
        u64(scheduler.runtime ?? 0),
        u64(scheduler.deadline ?? 0),
        u64(scheduler.period ?? 0),
        u64(0),
      ],
      true,
    );
    out.push(
      action({ title: `schedule as ${scheduler.policy}`, because: launch.because('process', 'scheduler') }, [
        sys('sched_setattr', [0, attributes, 0]),
      ]),
    );
  }
  if (ioPriority) {
    const value = (ioClasses[ioPriority.class] << IOPRIO_CLASS_SHIFT) | (ioPriority.priority ?? 0);
    out.push(
      action(
        { title: `set I/O priority ${ioPriority.class}`, because: launch.because('process', 'ioPriority') },
        [sys('ioprio_set', [IOPRIO_WHO_PROCESS, 0, value])],
      ),
    );
  }
  if (personality)
    out.push(
      action(
        { title: `set personality ${personality.domain}`, because: launch.because('linux', 'personality') },
        [sys('personality', [personalities[personality.domain] ?? 0])],
      ),
    );
  return out;
}

/** Signals as a fresh process expects them: none blocked, none ignored (conmon and shells ignore some). */
export function defaultSignals(): Action {
  const again = label('signal_again');
  const next = label('signal_next');
  const number = slot('signal_number', 1);
  return action({ title: 'reset signals', because: rule('signals are at their defaults') }, [
    sys('rt_sigprocmask', [SIG_SETMASK, struct('no signals', [u64(0)], true), 0, SIGSET_SIZE]),
    again,
    sys('rt_sigaction', [number, struct('SIG_DFL', [u64(0), u64(0), u64(0), u64(0)], true), 0, SIGSET_SIZE], {
      on: [['EINVAL'], next],
    }),
    next,
    alu(number, number, 'ADD', 1),
    branch(number, 'LE', 64, again),
  ]);
}

const notUsable: readonly ErrnoName[] = ['EACCES', 'EPERM'];

/** chdir(2), first with full rights, again as the user (NFS with root_squash); then the path must be inside the root (CVE-2024-21626). */
export function workingDirectory(
  process: Process,
  because: ReturnType<Launch['because']>,
): {
  readonly before: Action;
  readonly after: Action;
} {
  const failed = slot('chdir_failed');
  const unusable = label('chdir_unusable');
  const entered = label('chdir_entered');
  const good = label('chdir_done');
  const where = buffer('cwd', 4096);
  const first = slot('cwd_first');
  const result = slot('chdir_result');
  return {
    before: action({ title: `change directory to ${process.cwd}`, because }, [
      sys('chdir', [text(process.cwd)], { to: result, on: [notUsable, unusable] }),
      jump(entered),
      unusable,
      move(failed, 1),
      entered,
    ]),
    after: action({ title: `be in ${process.cwd}`, fails: [`change directory to ${process.cwd}`], because }, [
      branch(failed, 'EQ', 0, good),
      sys('chdir', [text(process.cwd)]),
      good,
      sys('getcwd', [where, 4096]),
      load(first, 'U8', where),
      guard(first, 'EQ', '/'.charCodeAt(0), errnos.EXDEV.number),
    ]),
  };
}

/** setgroups, setgid, setuid; capabilities are kept over it by PR_SET_KEEPCAPS (see capabilities.ts). */
export function identity(user: User | undefined, because: ReturnType<Launch['because']>): readonly Action[] {
  const uid = user?.uid ?? 0;
  const gid = user?.gid ?? 0;
  const groups = user?.additionalGids ?? [];
  return [
    action(
      { title: `become ${uid}:${gid}${groups.length > 0 ? ` with groups ${groups.join()}` : ''}`, because },
      [
        sys('setgroups', [groups.length, groups.length > 0 ? struct('groups', groups.map(u32), true) : 0]),
        sys('setresgid', [gid, gid, gid]),
        sys('setresuid', [uid, uid, uid]),
      ],
    ),
  ];
}

/** The user of the process must be able to open /dev/stdout again: standard streams that are not devices become its own. */
export function ownStreams(
  user: User | undefined,
  because: ReturnType<Launch['because']>,
): readonly Action[] {
  const uid = user?.uid ?? 0;
  if (uid === 0) return [];
  const stat = buffer('stream_stat', 256);
  const type = slot('stream_type');
  const owner = slot('stream_owner');
  const lines: Line[] = [];
  for (const fd of [0, 1, 2]) {
    const next = label(`stream_${fd}`);
    lines.push(
      sys('statx', [fd, text(''), AT_EMPTY_PATH, STATX_BASIC, stat], { on: [['EBADF'], next] }),
      load(type, 'U16', stat, Statx.MODE),
      alu(type, type, 'AND', S_IFMT),
      branch(type, 'EQ', S_IFCHR, next),
      load(owner, 'U32', stat, Statx.UID),
      branch(owner, 'EQ', uid, next),
      sys('fchown', [fd, uid, -1], { on: [['EINVAL', 'EPERM', 'EROFS'], next] }),
      next,
    );
  }
  return [action({ title: 'own the standard streams', because }, lines)];
}

/** The keyring of the session: what the caller holds must not leak into the container (keyctl(2)). */
export function keyring(launch: Launch): readonly Action[] {
  if (launch.options.noNewKeyring) return [];
  const name = buffer('keyring_name', 1040);
  const none = label('no_keyrings');
  return [
    action({ title: 'join a new session keyring', because: rule('a container has its own keyring') }, [
      format(name, ['_ses.', field(TemplateField.STRING, launch.cells.id)]),
      sys('keyctl_join', [KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0], {
        on: [['ENOSYS', 'EDQUOT', 'EPERM', 'EACCES'], none],
      }),
      none,
    ]),
  ];
}

/** Environment of the process: config.json's, then what the registry and the caller add; names set before are replaced. */
export function environmentOf(launch: Launch): readonly string[] {
  const out = new Map<string, string>();
  const all = [
    ...(launch.environment?.variables ?? []),
    ...(launch.process.env ?? []),
    ...launch.options.environmentEntries,
  ];
  for (const entry of all) out.set(entry.slice(0, entry.indexOf('=')), entry);
  return [...out.values()];
}

const SEARCHED: readonly ErrnoName[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES'];

export interface Executable {
  readonly find: readonly Action[];
  readonly exec: readonly Action[];
}

/**
 * Find args[0] in PATH as execvp(3) would, at create time, as the user of the process; then execve(2).
 * The arguments may be replaced by the parameter ARGS, so the search is part of the program.
 */
export function executable(
  process: Process,
  environment: readonly string[],
  home: Home | null,
  launch: Pick<Launch, 'cells' | 'because' | 'open'>,
  because: ReturnType<Launch['because']>,
): Executable {
  const { cells } = launch;
  const path =
    environment.findLast(e => e.startsWith('PATH='))?.slice(5) ??
    '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const found = label('found');
  const foundInVain = label('found_in_vain');
  const refused = slot('exec_refused');
  const missing = label('exec_missing');
  const search = label('search_path');
  const candidate = buffer('executable', 4096, true);
  const status = slot('candidate_status');
  const stat = buffer('executable_stat', 256);
  const mode = slot('executable_mode');
  const result = slots('exec_result', 2);
  const length = slots('arg0_length', 2);
  const SLASH = '/'.charCodeAt(0);

  // One candidate: 0 usable, else the errno why not.
  const check = (): Line[] => {
    const bad = label('bad_candidate');
    const over = label('candidate_over');
    const irregular = label('irregular');
    return [
      sys('statx', [AT_FDCWD, candidate, 0, STATX_TYPE, stat], { to: status, on: [SEARCHED, bad] }),
      load(mode, 'U16', stat, Statx.MODE),
      alu(mode, mode, 'AND', S_IFMT),
      branch(mode, 'NE', S_IFREG, irregular),
      sys('faccessat2', [AT_FDCWD, candidate, 1, AT_EACCESS], { to: status, on: [SEARCHED, bad] }),
      jump(over),
      irregular,
      move(status, -errnos.EACCES.number),
      jump(over),
      bad,
      over,
    ];
  };
  const lines: Line[] = [
    scan('LENGTH', { buffer: ref(cells.arg0) }, { to: length, on: [['ENOENT'], missing] }),
    branch(length, 'EQ', 0, missing),
    scan('FIND', { buffer: ref(cells.arg0), length, byte: SLASH }, { to: result, on: [['ENOENT'], search] }),
    format(candidate, [field(TemplateField.STRING, cells.arg0)]),
    ...check(),
    branch(status, 'GE', 0, found),
    alu(refused, 0, 'SUB', status),
    branch(status, 'EQ', -errnos.EACCES.number, foundInVain),
    fail(refused),
    search,
  ];
  for (const directory of path.split(':')) {
    const next = label('next_directory');
    lines.push(
      format(candidate, [directory === '' ? '.' : directory, '/', field(TemplateField.STRING, cells.arg0)], {
        on: [['ENAMETOOLONG'], next],
      }),
      ...check(),
      branch(status, 'GE', 0, found),
      branch(status, 'NE', -errnos.EACCES.number, next),
      move(refused, errnos.EACCES.number),
      next,
    );
  }
  lines.push(branch(refused, 'EQ', errnos.EACCES.number, foundInVain), missing, fail(errnos.ENOENT.number));
  lines.push(found, move(refused, 0), foundInVain);
  const given = field(TemplateField.STRING, cells.arg0);
  const reason = field(TemplateField.ERRNO, failedErrno);
  const usable = label('executable_usable');
  const noInterpreter = label('no_interpreter');
  return {
    find: [
      action(
        {
          title: `find the executable ${process.args[0]}`,
          because,
          words: ['executable file `', given, '` not found in $PATH: ', reason],
        },
        lines,
      ),
      // Podman takes "not found" for exit code 127, and what may not be executed must give 126: hence other words.
      action({ title: 'it may be executed', because, words: ['open executable `', given, '`: ', reason] }, [
        branch(refused, 'EQ', 0, usable),
        fail(refused),
        usable,
      ]),
    ],
    exec: [
      action(
        {
          title: `execute ${process.args.join(' ')}`,
          because,
          words: ['exec `', given, '`: ', reason],
        },
        [
          sys(
            'execve',
            [
              candidate,
              ref(cells.args),
              vector('environment', home ? [...environment, home.entry] : environment),
            ],
            { on: [['ENOENT'], noInterpreter] },
          ),
        ],
      ),
      // The file itself was there a moment ago.
      action(
        {
          title: 'its interpreter exists',
          because,
          words: ['exec `', given, '`: its interpreter or dynamic linker is missing: ', reason],
        },
        [noInterpreter, fail(errnos.ENOENT.number)],
      ),
    ],
  };
}

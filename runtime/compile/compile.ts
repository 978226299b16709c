/**
 * AdmittedSpec + HostFacts + Environment -> Program. Pure: no I/O, no clock; equal input gives an equal program.
 */
import { errnos } from '../../spec/errno.js';
import { TemplateField } from '../../spec/instructions.js';
import {
  AF_UNIX,
  Clone,
  SECCOMP_SET_MODE_FILTER,
  SIG_BLOCK,
  SIGKILL,
  SIGSET_SIZE,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
} from '../../spec/kernel.js';
import type { ParameterName } from '../../spec/parameters.js';
import { type Action, action, type Program, type Track } from '../program/action.js';
import { encode } from '../program/encode.js';
import {
  buffer,
  bytes,
  field,
  label,
  pointer,
  ref,
  type Slot,
  slot,
  struct,
  text,
  u16,
  u32,
  u64,
} from '../program/operand.js';
import {
  alu,
  branch,
  exit,
  exitReporting,
  fail,
  failVerbatim,
  format,
  formatFailure,
  jump,
  type Line,
  load,
  move,
  recv,
  send,
  store,
  supervise,
  sys,
  track,
  waitReap,
  walk,
} from '../program/step.js';
import { type CapabilityActions, capabilityActions } from './capabilities.js';
import { cgroupActions } from './cgroups/actions.js';
import { cgroupPlan } from './cgroups/view.js';
import { cloneArguments, type HookContext, hookActions } from './hooks.js';
import { createLaunch, type Launch, type LaunchInput, rule } from './launch.js';
import { compileLifecycle, removalLines } from './lifecycle.js';
import {
  cloneFlags,
  enterJoined,
  joinedNamespaces,
  loopback,
  openJoined,
  unshareCgroup,
} from './namespaces.js';
import { prepareRoot } from './private.js';
import {
  defaultSignals,
  executable,
  identity,
  keyring,
  limits,
  outOfMemoryScore,
  ownStreams,
  scheduling,
  session,
  workingDirectory,
} from './process.js';
import type { CompileRefusal, Refuse } from './refusal.js';
import { compileSeccomp } from './seccomp/filter.js';
import { guardKernel, makeGate, makeStateDirectory, recordInit } from './state.js';
import { names, procActions } from './system.js';
import { connectConsole } from './terminal.js';

export type CompiledLaunch =
  | { readonly kind: 'program'; readonly program: Program }
  | { readonly kind: 'refused'; readonly refusals: readonly CompileRefusal[] };

/** Environment of the process: config.json's, then what the registry and the caller add; names set before are replaced. */
function environmentOf(launch: Launch): readonly string[] {
  const out = new Map<string, string>();
  const all = [
    ...(launch.environment?.variables ?? []),
    ...(launch.process.env ?? []),
    ...launch.options.environmentEntries,
  ];
  for (const entry of all) out.set(entry.slice(0, entry.indexOf('=')), entry);
  if (!out.has('HOME')) out.set('HOME', `HOME=${(launch.process.user?.uid ?? 0) === 0 ? '/root' : '/'}`);
  return [...out.values()];
}

function seccompAction(launch: Launch, refuse: Refuse): Action | null {
  const { seccomp } = launch.config.linux ?? {};
  if (!seccomp) return null;
  const because = launch.because('linux', 'seccomp');
  const compiled = compileSeccomp(seccomp, launch.facts.arch);
  if (compiled.kind === 'refused') {
    refuse(because, { kind: 'seccomp', reason: compiled.reason.kind });
    return null;
  }
  const program = struct('sock_fprog', [
    u16(compiled.instructions),
    u16(0),
    u32(0),
    pointer(bytes('seccomp filter', compiled.program)),
  ]);
  return action({ title: `load the seccomp filter (${compiled.instructions} instructions)`, because }, [
    sys('seccomp', [SECCOMP_SET_MODE_FILTER, compiled.flags, program]),
  ]);
}

function hookContext(launch: Launch, pid: Slot): HookContext {
  return {
    id: launch.cells.id,
    pid,
    environ: launch.cells.environ,
    ociVersion: launch.config.ociVersion,
    bundle: launch.options.bundle,
    annotations: launch.config.annotations ?? {},
    open: launch.open,
    because: launch.because,
  };
}

/** One-byte messages between the tracks; whatever is longer, from init, is the text of a failure. */
const Signal = { HOOKS: 'h', READY: 'r', CONTINUE: 'c', GO: 'g', EXEC: 'x', TERMINAL: 't' } as const;

interface Messages {
  /** Host: wait until init says `expected`; a text fails with it, end of file means that init died. */
  expect(expected: string): Action;
}

function hostMessages(launch: Launch): Messages {
  const { cells } = launch;
  return {
    expect(expected) {
      const first = slot('message_first');
      const died = label('init_died');
      const failed = label('init_failed');
      const good = label('message_good');
      return action(
        {
          title: 'wait for init',
          because: rule('init works, the host waits'),
          words: ['init ended before the container was ready (killed?)'],
        },
        [
          recv(cells.hostEnd, cells.message, { to: cells.messageSize, on: [['ECONNRESET'], died] }),
          branch(cells.messageSize, 'EQ', 0, died),
          branch(cells.messageSize, 'GT', 1, failed),
          load(first, 'U8', cells.message),
          branch(first, 'EQ', expected.charCodeAt(0), good),
          fail(errnos.EPROTO.number),
          died,
          fail(errnos.ESRCH.number),
          failed,
          failVerbatim(errnos.ECHILD.number, cells.message, cells.messageSize),
          good,
        ],
      );
    },
  };
}

function tell(fd: Slot, signal: string, title: string): Action {
  return action({ title, because: rule('host and init take turns') }, [send(fd, text(signal), 1)]);
}

/** Init: wait for the host; end of file means that the host died, and so does init, silently. */
function awaitHost(launch: Launch, title: string): Action {
  const { cells } = launch;
  const here = label('host_answered');
  return action({ title, because: rule('host and init take turns') }, [
    recv(cells.initEnd, cells.message, { to: cells.messageSize }),
    branch(cells.messageSize, 'GT', 0, here),
    exit(1),
    here,
  ]);
}

/** Descriptors that the caller passed on purpose: 3 to 3 + preserve-fds - 1; all others close at exec (CVE-2024-21626). */
function sweepDescriptors(launch: Launch): Action {
  const { cells } = launch;
  const first = slot('first_swept');
  const n = slot('preserved');
  const again = label('check_preserved');
  const checked = label('preserved_checked');
  const CLOSE_RANGE_CLOEXEC = 4;
  return action(
    {
      title: 'keep other descriptors out of the container',
      fails: ['keep descriptor ', field(TemplateField.DECIMAL, n), ' (--preserve-fds)'],
      because: rule('CVE-2024-21626'),
    },
    [
      alu(first, cells.preserveFds, 'ADD', 3),
      move(n, 3),
      again,
      branch(n, 'GE', first, checked),
      sys('fcntl', [n, 2, 0]),
      alu(n, n, 'ADD', 1),
      jump(again),
      checked,
      sys('close_range', [first, 0xffffffff, CLOSE_RANGE_CLOEXEC]),
    ],
  );
}

/** Everything that init does after the host said go. */
function initTrack(
  launch: Launch,
  begin: ReturnType<typeof label>,
  seccomp: Action | null,
  parts: InitParts,
): Track {
  const { cells, process } = launch;
  const nnp = process.noNewPrivileges === true;
  const user = launch.because('process', 'user');
  const caps: CapabilityActions = capabilityActions(
    process.capabilities,
    launch.facts,
    process.capabilities ? launch.because('process', 'capabilities') : rule('no capabilities asked for'),
  );
  const cwd = workingDirectory(process, launch.because('process', 'cwd'));
  const program = executable(process, environmentOf(launch), launch, launch.because('process', 'args'));
  const errorFd = slot('error_fd', -1);
  const size = slot('failure_size');
  const umask = process.user?.umask ?? 0o022;

  const actions: Action[] = [
    action({ title: 'begin as init', because: rule('init works in the container') }, [
      begin,
      sys('close', [cells.hostEnd]),
      move(errorFd, cells.initEnd),
    ]),
    awaitHost(launch, 'wait until the host has recorded this process'),
    action({ title: 'learn the pid that the host sees', because: rule('hooks get it') }, [
      load(parts.hostPid, 'U64', cells.message),
    ]),
    ...parts.enterCgroups,
    ...unshareCgroup(launch),
    ...parts.enterNamespaces,
    session()[0] as Action,
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
            sys('prctl', [38, 1, 0, 0, 0]),
          ]),
        ]
      : []),
    program.find,
    action({ title: 'tell the host that all is ready', because: rule('created') }, [
      sys('write', [cells.initEnd, text(Signal.READY), 1]),
    ]),
    waitAtGate(launch, errorFd),
    ...parts.startContainer,
    ...(seccomp !== null && nnp ? [seccomp] : []),
    action({ title: 'say that execve comes next', because: rule('start gate') }, [
      sys('write', [errorFd, text(Signal.EXEC), 1]),
    ]),
    program.exec,
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
function waitAtGate(launch: Launch, errorFd: Slot): Action {
  const { cells, options } = launch;
  const go = label('gate_open');
  const size = slot('gate_size');
  const fd = options.entry === 'create' ? cells.gate : cells.initEnd;
  return action({ title: 'wait at the start gate', because: rule('create, then start') }, [
    ...(options.entry === 'create' ? [sys('close', [cells.initEnd]), move(errorFd, cells.gateError)] : []),
    sys('read', [fd, cells.message, 1], { to: size }),
    branch(size, 'GT', 0, go),
    exit(1),
    go,
    ...(options.entry === 'create' ? [sys('close', [cells.gate])] : []),
  ]);
}

interface InitParts {
  readonly hostPid: Slot;
  readonly enterCgroups: readonly Action[];
  readonly enterNamespaces: readonly Action[];
  readonly beforeRoot: readonly Action[];
  readonly root: readonly Action[];
  readonly afterRoot: readonly Action[];
  readonly startContainer: readonly Action[];
}

/** The pid file must be there, whole and without newline, before the command ends (oci-contract.md A4). */
function pidFile(launch: Launch): Action {
  const { cells, open } = launch;
  const none = label('no_pid_file');
  const content = buffer('pid_text', 24);
  const temporary = buffer('pid_file_new', 4200);
  const size = slot('pid_text_size');
  const fd = slot('pid_file_fd');
  return action(
    {
      title: 'write the pid file',
      fails: ['write pid file ', field(TemplateField.STRING, cells.pidFile)],
      because: rule('--pid-file'),
    },
    [
      branch(cells.pidFile, 'LT', 0, none),
      format(content, [field(TemplateField.DECIMAL, cells.pid)], { to: size }),
      format(temporary, [field(TemplateField.STRING, cells.pidFile), '.new']),
      sys('openat', [-100, temporary, open.WRONLY | open.CREAT | open.TRUNC | open.CLOEXEC, 0o644], {
        to: fd,
      }),
      sys('write', [fd, content, size]),
      sys('close', [fd]),
      sys('renameat2', [-100, temporary, -100, ref(cells.pidFile), 0]),
      none,
    ],
  );
}

export function compileLaunch(input: LaunchInput): CompiledLaunch {
  const launch = createLaunch(input);
  const { cells, options, config, facts } = launch;
  const refusals: CompileRefusal[] = [];
  const refuse: Refuse = (because, reason) => {
    refusals.push({ because, reason });
  };
  if (facts.euid !== 0) refuse(rule('rootless'), { kind: 'needs-root' });
  const terminal = launch.process.terminal === true;
  if (options.console && !terminal)
    refuse(launch.because('process'), { kind: 'console-socket-without-terminal' });
  if (terminal && !options.console && options.detach)
    refuse(launch.because('process', 'terminal'), { kind: 'terminal-without-console-socket' });

  const plan = cgroupPlan(launch);
  const cgroups = cgroupActions(launch, plan, refuse);
  const seccomp = seccompAction(launch, refuse);
  const joined = joinedNamespaces(launch);
  const hostPid = slot('host_pid');
  const initContext = hookContext(launch, hostPid);
  const hostContext = hookContext(launch, cells.pid);
  const proc = procActions(launch, refuse);
  const messages = hostMessages(launch);

  const {
    prestart = [],
    createRuntime = [],
    createContainer = [],
    poststart = [],
    poststop = [],
  } = config.hooks ?? {};
  const runtimeHooks = [
    hookActions(hostContext, 'prestart', prestart, 'creating'),
    hookActions(hostContext, 'createRuntime', createRuntime, 'creating'),
  ];
  const containerHooks = hookActions(initContext, 'createContainer', createContainer, 'creating');
  const startContainer = hookActions(
    initContext,
    'startContainer',
    config.hooks?.startContainer ?? [],
    'created',
    {
      inBundle: false,
    },
  );
  const started = hookActions(hostContext, 'poststart', poststart, 'running');
  const stopped = hookActions(hostContext, 'poststop', poststop, 'stopped', { tolerant: true });
  const hasRuntimeHooks = prestart.length + createRuntime.length > 0;
  const beforePivot: readonly Action[] = [
    ...(hasRuntimeHooks
      ? [
          tell(cells.initEnd, Signal.HOOKS, 'let the host run its hooks'),
          awaitHost(launch, 'wait for the hooks of the host'),
        ]
      : []),
    ...containerHooks.actions,
  ];
  const root = prepareRoot(launch, { beforePivot, openProc: proc.open, afterPivot: proc.sysctl }, refuse);
  if (refusals.length > 0) return { kind: 'refused', refusals };

  const begin = label('init_begin');
  const init = initTrack(launch, begin, seccomp, {
    hostPid,
    enterCgroups: cgroups.enter,
    enterNamespaces: enterJoined(launch, joined),
    beforeRoot: [],
    root: root.actions,
    afterRoot: proc.labels,
    startContainer: startContainer.actions,
  });

  const v2 = plan.directories.find(d => d.version === 2);
  const cgroupFd = slot('cgroup_v2_fd', -1);
  const flags = BigInt(cloneFlags(launch) | Clone.PIDFD) | (v2 ? Clone.INTO_CGROUP : 0n);
  const cloneArgs = cloneArguments('init', flags, cells.pidfd);
  const ends = struct('channel', [u32(0), u32(0)]);
  const pidMessage = struct('pid message', [u64(0)]);
  const ownPids = launch.namespaces.get('pid') === '';
  const foreground = options.entry === 'run' && !options.detach;
  const exitCode = cells.exitCode;
  const { open } = launch;

  const removeCgroups = removalLines({ plan, ownPids });
  const hostActions: Action[] = [
    guardKernel(),
    sweepDescriptors(launch),
    ...openJoined(launch, joined),
    ...makeStateDirectory(launch, encode(compileLifecycle(launch))),
    ...makeGate(launch),
    ...(options.console
      ? [connectConsole(cells.consoleSocket, root.consoleSocket, rule('--console-socket'))]
      : []),
    action(
      { title: 'prepare to remove the cgroups', because: rule('intent before effect'), undo: removeCgroups },
      [],
    ),
    ...cgroups.make,
    action({ title: 'open a channel to init', because: rule('host and init take turns') }, [
      sys('socketpair', [AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends]),
      load(cells.hostEnd, 'I32', ends, 0),
      load(cells.initEnd, 'I32', ends, 4),
    ]),
    ...(foreground
      ? [
          action({ title: 'hold signals back', because: rule('run forwards them') }, [
            sys('rt_sigprocmask', [SIG_BLOCK, struct('all signals', [u64(-1n)], true), 0, SIGSET_SIZE]),
          ]),
        ]
      : []),
    action(
      {
        title: `start init${describeNamespaces(launch)}`,
        fails: ['start init'],
        because: rule('namespaces'),
        undo: [
          sys('pidfd_send_signal', [cells.pidfd, SIGKILL, 0, 0]),
          waitReap(cells.pidfd, 10_000, { to: cells.result }),
        ],
      },
      [
        ...(v2
          ? [
              sys('openat', [-100, v2.memory, open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], {
                to: cgroupFd,
              }),
              store('U64', cloneArgs, 80, cgroupFd),
            ]
          : []),
        track(cloneArgs, 'init', begin, { to: cells.pid }),
        sys('close', [cells.initEnd]),
        ...(v2 ? [sys('close', [cgroupFd])] : []),
      ],
    ),
    recordInit(launch),
    action({ title: 'let init go on', because: rule('init waits until it is known') }, [
      store('U64', pidMessage, 0, cells.pid),
      send(cells.hostEnd, pidMessage, 8),
    ]),
    ...(root.foregroundTerminal ? [receiveTerminal(launch)] : []),
    ...(hasRuntimeHooks
      ? [
          messages.expect(Signal.HOOKS),
          ...runtimeHooks.flatMap(h => h.actions),
          tell(cells.hostEnd, Signal.CONTINUE, 'let init go on after the hooks'),
        ]
      : []),
    messages.expect(Signal.READY),
    pidFile(launch),
  ];
  if (options.entry === 'run')
    hostActions.push(
      tell(cells.hostEnd, Signal.GO, 'open the start gate'),
      messages.expect(Signal.EXEC),
      expectEnd(launch),
      ...started.actions,
    );
  const dropState = dropStateDirectory(launch);
  if (foreground) {
    const kept = label('kept');
    hostActions.push(
      action({ title: 'stay in the foreground', because: rule('run') }, [
        supervise(cells.pidfd, cells.consoleFd, 1, exitCode),
        branch(cells.keep, 'NE', 0, kept),
        ...removeCgroups,
        ...dropState,
        kept,
      ]),
      ...stopped.actions,
    );
  }
  hostActions.push(action({ title: 'end', because: rule(options.entry) }, [exit(foreground ? exitCode : 0)]));

  const parameters = new Map<ParameterName, Slot>([
    ['ID', cells.id],
    ['ROOT', cells.root],
    ['STATE_DIR', cells.stateDir],
    ['PID_FILE', cells.pidFile],
    ['CONSOLE_SOCKET', cells.consoleSocket],
    ['PRESERVE_FDS', cells.preserveFds],
    ['ARGS', cells.args],
    ['ARG0', cells.arg0],
    ['ENVIRON', cells.environ],
    ['KEEP', cells.keep],
    ['DETACH', cells.detach],
  ]);
  const host: Track = {
    name: options.entry,
    actions: hostActions,
    subroutines: [],
    failed: [exitReporting(1)],
  };
  return {
    kind: 'program',
    program: {
      arch: facts.arch,
      joins: true,
      tracks: [
        host,
        init,
        ...runtimeHooks.flatMap(h => h.tracks),
        ...containerHooks.tracks,
        ...startContainer.tracks,
        ...started.tracks,
        ...stopped.tracks,
      ],
      entries: [{ entry: options.entry, track: options.entry }],
      parameters,
    },
  };
}

function describeNamespaces(launch: Launch): string {
  const fresh = [...launch.namespaces].filter(([, path]) => path === '').map(([type]) => type);
  return fresh.length > 0 ? ` in new namespaces: ${fresh.join(', ')}` : '';
}

/** After "x": end of file is success, a text is the failure of execve(2). */
function expectEnd(launch: Launch): Action {
  const { cells } = launch;
  const good = label('exec_happened');
  return action({ title: 'see that execve happened', because: rule('start gate') }, [
    recv(cells.hostEnd, cells.message, { to: cells.messageSize, on: [['ECONNRESET'], good] }),
    branch(cells.messageSize, 'EQ', 0, good),
    failVerbatim(errnos.ECHILD.number, cells.message, cells.messageSize),
    good,
    sys('close', [cells.hostEnd]),
  ]);
}

function receiveTerminal(launch: Launch): Action {
  const { cells } = launch;
  const fds = struct('received_fds', [u32(-1 >>> 0), u32(0)]);
  const good = label('terminal_came');
  const failed = label('terminal_failed');
  return action(
    {
      title: 'receive the terminal',
      because: launch.because('process', 'terminal'),
      words: ['init made no terminal'],
    },
    [
      recv(cells.hostEnd, cells.message, { to: cells.messageSize }, { array: fds, count: 1 }),
      load(cells.consoleFd, 'I32', fds, 0),
      branch(cells.messageSize, 'EQ', 1, good),
      branch(cells.messageSize, 'GT', 1, failed),
      fail(errnos.ESRCH.number),
      failed,
      failVerbatim(errnos.ECHILD.number, cells.message, cells.messageSize),
      good,
    ],
  );
}

/** ROOT/ID goes last: while it is there, `delete` knows what to remove. */
function dropStateDirectory(launch: Launch): readonly Line[] {
  return [walk('REMOVE_TREE', [-100, ref(launch.cells.stateDir), 0, 0])];
}

/**
 * `exec`: one more process in a running container. It enters the container's cgroups and namespaces by the pidfd of its init and then goes the
 * way that init went, without making anything.
 */
import type { CgroupDriverName } from '../../spec/cgroup-drivers.js';
import { errnos } from '../../spec/errno.js';
import type { HostFacts } from '../../spec/host-facts.js';
import { TemplateField } from '../../spec/instructions.js';
import { AT_FDCWD, Clone, SIGKILL } from '../../spec/kernel.js';
import type { ParameterName } from '../../spec/parameters.js';
import type { AdmittedProcess, AdmittedSpec } from '../admit/admit.js';
import { type Action, action, type Program, type Track } from '../program/action.js';
import { buffer, field, label, type Slot, slot, slots, struct, text, u32 } from '../program/operand.js';
import {
  exit,
  exitReporting,
  fail,
  failVerbatim,
  format,
  guard,
  jump,
  type Line,
  send,
  store,
  supervise,
  sys,
  track,
  waitReadable,
  waitReap,
} from '../program/step.js';
import type { JoinedGroups, SubCgroup } from './cgroups/driver.js';
import { driverNamed } from './cgroups/drivers.js';
import { letGoOfHost, pidFile, sweepDescriptors } from './container/descriptors.js';
import { guardKernel } from './container/kernel.js';
import { sendPidfd } from './container/pidfd-socket.js';
import { cloneArguments } from './hooks/hooks.js';
import { holdInterrupts, passedOn } from './idioms/interrupts.js';
import { setLink } from './idioms/link.js';
import { readStartTime } from './idioms/start-time.js';
import { createProcessLaunch, type ProcessLaunch, rule } from './launch/launch.js';
import { type CompileRefusal, type CompileWarning, createJudgement } from './launch/refusal.js';
import { becomeCommand } from './process/become.js';
import { judgeCapabilities } from './process/capabilities.js';
import {
  awaitHost,
  holdSignals,
  hostMessages,
  openChannel,
  reportFailure,
  Signal,
  tell,
} from './process/channel.js';
import { type CpuAffinity, cpuAffinity } from './process/cpu-affinity.js';
import { ownDevices } from './process/own-devices.js';
import { defaultSignals, keyring, outOfMemoryScore, session } from './process/process.js';
import { scheduling } from './process/scheduling.js';
import { seccompAction } from './process/seccomp-action.js';
import { procActions } from './root/system.js';
import { connectConsole, needTerminal, openPty, sendMaster, takeTerminal } from './root/terminal.js';
import { type Container, type EnteredView, enterContainer } from './views/enter-container.js';

export interface ExecInput {
  /** The container's saved config.json. */
  readonly config: AdmittedSpec;
  readonly process: AdmittedProcess;
  readonly state: {
    readonly id: string;
    readonly pid: number;
    readonly pidStart: string | null;
    readonly bundle: string;
    readonly chos: {
      readonly cgroupManager: CgroupDriverName;
      readonly cgroups: readonly string[];
      readonly backEnd: string;
      /** The tree to which the kernel's link leads. */
      readonly link: string | null;
      /** Init is in a view that others share. */
      readonly shared: boolean;
    };
  };
  readonly facts: HostFacts;
  readonly options: {
    readonly console: boolean;
    /** --pidfd-socket was given. */
    readonly pidfdSocket: boolean;
    readonly detach: boolean;
    /** --ignore-paused: wait for `resume`. */
    readonly ignorePaused: boolean;
    readonly environmentEntries: readonly string[];
    /** --cgroup */
    readonly cgroups: readonly SubCgroup[];
  };
}

export type CompiledExec =
  | {
      readonly kind: 'program';
      readonly program: Program;
      readonly warnings: readonly CompileWarning[];
    }
  | { readonly kind: 'refused'; readonly refusals: readonly CompileRefusal[] };

/** The pid and start time that `exec` read are those of init still: checked again on the pidfd, which cannot be reused. */
function findInit(launch: ProcessLaunch, input: ExecInput, init: Container): Action {
  const start = slots('init_start', 2);
  const gone = label('init_gone');
  const found = label('init_found');
  const path = buffer('init_root_path', 40);
  const { open } = launch;
  return action(
    {
      title: `find init, process ${input.state.pid}`,
      because: rule('state.json'),
      words: [`container \`${input.state.id}\`: container not running`],
    },
    [
      sys('pidfd_open', [init.pid, 0], { to: init.pidfd, on: [['ESRCH'], gone] }),
      ...readStartTime(open, init.pid, start, gone),
      guard(start, 'EQ', BigInt(input.state.pidStart ?? 0), errnos.ESRCH.number),
      format(path, ['/proc/', field(TemplateField.DECIMAL, init.pid), '/root']),
      sys('openat', [AT_FDCWD, path, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
        to: init.root,
        on: [['ENOENT'], gone],
      }),
      jump(found),
      gone,
      fail(errnos.ESRCH.number),
      found,
    ],
  );
}

/** A pid namespace takes all its processes with it when init ends; a caller is to know that it is the container that is gone. */
function sayIfInitEnded(init: Container, id: string): readonly Line[] {
  const ended = slot('init_ended');
  const alive = label('init_alive');
  const words = text(
    `container \`${id}\`: container not running: it ended while the process was being started`,
  );
  return [
    waitReadable(init.pidfd, 0, { to: ended, on: [['ETIMEDOUT'], alive] }),
    failVerbatim(errnos.ESRCH.number, words, words.size - 1),
    alive,
  ];
}

interface Terminal {
  readonly enter: readonly Action[];
  readonly socket: Slot;
  /** The host receives the master and stays with it. */
  readonly foreground: boolean;
}

function terminalOf(launch: ProcessLaunch, input: ExecInput): Terminal {
  const { process, cells, open } = launch;
  const socket = slot('console_socket_fd', -1);
  if (!process.terminal) return { enter: [], socket, foreground: false };
  const because = launch.because('process', 'terminal');
  const root = slot('container_root');
  const { pty, action: opening } = openPty(launch, root, process, because);
  const fds = struct('terminal_fds', [u32(0), u32(0)]);
  return {
    socket,
    foreground: !input.options.console,
    enter: [
      action({ title: 'open the root of the container', because }, [
        sys('openat', [AT_FDCWD, text('/'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: root }),
      ]),
      opening,
      input.options.console
        ? sendMaster(pty, socket, because)
        : action({ title: 'send the terminal to the foreground', because }, [
            store('U32', fds, 0, pty.master),
            send(cells.initEnd, text('t'), 1, { array: fds, count: 1 }),
            sys('close', [pty.master]),
          ]),
      // The host gives the terminal its size before the command can ask for it.
      ...(input.options.console ? [] : [awaitHost(launch, 'window-size')]),
      takeTerminal(pty, because, process.user.uid),
    ],
  };
}

function processTrack(
  launch: ProcessLaunch,
  parts: {
    readonly begin: ReturnType<typeof label>;
    readonly init: Container;
    readonly view: EnteredView;
    readonly cgroups: JoinedGroups;
    readonly affinity: CpuAffinity;
    /** The host's /proc is needed for it. */
    readonly link: readonly Action[];
    readonly terminal: Terminal;
    readonly seccomp: Action | null;
    readonly labels: readonly Action[];
  },
): Track {
  const { cells } = launch;
  const command = becomeCommand(launch, parts.seccomp);
  return {
    name: 'process',
    actions: [
      action({ title: 'begin as a process of the container', because: rule('exec') }, [
        parts.begin,
        sys('close', [cells.hostEnd]),
      ]),
      ...parts.cgroups.enter,
      ...parts.affinity.final,
      ...outOfMemoryScore(launch),
      ...command.reserve,
      ...parts.link,
      ...enterContainer(launch, parts.init, parts.view),
      // First of all: everything inside can see this process from now on.
      ...(launch.process.terminal ? [] : [ownDevices(launch)]),
      ...session(),
      ...scheduling(launch),
      ...keyring(launch),
      defaultSignals(),
      ...parts.terminal.enter,
      ...parts.labels,
      letGoOfHost(launch, [cells.initEnd]),
      ...command.prepare,
      ...command.execute(cells.initEnd, rule('exec')),
    ],
    failed: reportFailure(launch, cells.initEnd),
  };
}

export function compileExec(input: ExecInput): CompiledExec {
  const { facts, options } = input;
  const launch = createProcessLaunch({
    spec: input.config,
    process: input.process,
    facts,
    options: { noNewKeyring: false, environmentEntries: options.environmentEntries },
  });
  const { refusals, warnings, refuse, warn } = createJudgement();
  // First, because it is why the rest cannot be done either.
  if (facts.euid !== 0) refuse(rule('rootless'), { kind: 'needs-root' });
  judgeCapabilities(launch, refuse, warn);
  const { cells, process } = launch;
  if (options.console && !process.terminal)
    refuse(launch.because('process'), { kind: 'console-socket-without-terminal' });
  if (process.terminal && !options.console && options.detach)
    refuse(launch.because('process', 'terminal'), { kind: 'terminal-without-console-socket' });
  const seccomp = seccompAction(launch, refuse);
  const proc = procActions(launch, refuse, 'process');
  const initPid = slot('init_pid', input.state.pid);
  const cgroups = driverNamed(input.state.chos.cgroupManager).join(
    launch,
    { directories: input.state.chos.cgroups, below: options.cgroups, pid: initPid },
    refuse,
  );
  if (refusals.length > 0) return { kind: 'refused', refusals };

  const init: Container = { pid: initPid, pidfd: slot('init_pidfd', -1), root: slot('init_root', -1) };
  const begin = label('process_begin');
  const affinity = cpuAffinity(launch);
  const terminal = terminalOf(launch, input);
  const messages = hostMessages(launch, {
    who: 'process',
    rule: 'the process works, exec waits',
    why: sayIfInitEnded(init, input.state.id),
    frost: options.ignorePaused ? null : cgroups.frostOf(cells.pid),
  });
  const flags = BigInt(Clone.PIDFD) | cgroups.birth.flags;
  const cloneArgs = cloneArguments('process', flags, cells.pidfd);
  const ownPids = launch.namespaces.has('pid');

  const actions: Action[] = [
    guardKernel(),
    ...(terminal.foreground ? [needTerminal(launch.because('process', 'terminal'))] : []),
    sweepDescriptors(launch),
    findInit(launch, input, init),
    ...affinity.initial,
    ...cgroups.open,
    ...(options.ignorePaused ? [] : cgroups.insistThawed),
    ...(options.console
      ? [connectConsole(cells.consoleSocket, terminal.socket, rule('--console-socket'))]
      : []),
    ...(ownPids
      ? [
          action({ title: 'let children be in the pid namespace of init', because: rule('exec') }, [
            sys('setns', [init.pidfd, Clone.NEWPID]),
          ]),
        ]
      : []),
    holdInterrupts(cells.interrupts),
    openChannel(launch, 'process', rule('exec')),
    ...(options.detach ? [] : [holdSignals(rule('exec forwards them'))]),
    action(
      {
        title: 'start the process',
        because: rule('exec'),
        undo: [
          sys('pidfd_send_signal', [cells.pidfd, SIGKILL, 0, 0]),
          waitReap(cells.pidfd, 10_000, { to: cells.result }),
        ],
      },
      [
        ...cgroups.birth.begin(cloneArgs),
        track(cloneArgs, 'process', begin, { to: cells.pid }),
        sys('close', [cells.initEnd]),
        ...cgroups.birth.end,
      ],
    ),
    ...(terminal.foreground
      ? [messages.receiveTerminal(), tell(cells.hostEnd, Signal.CONTINUE, 'use-terminal')]
      : []),
    messages.expect(Signal.EXEC),
    messages.end,
    ...(options.pidfdSocket ? [sendPidfd(launch, 'exec')] : []),
    pidFile(launch),
    ...(options.detach
      ? []
      : [
          action({ title: 'stay in the foreground', because: rule('exec') }, [
            supervise(cells.pidfd, cells.consoleFd, passedOn, cells.exitCode),
          ]),
        ]),
    action({ title: 'end', because: rule('exec') }, [exit(options.detach ? 0 : cells.exitCode)]),
  ];
  const parameters = new Map<ParameterName, Slot>([
    ['ID', cells.id],
    ['PID_FILE', cells.pidFile],
    ['CONSOLE_SOCKET', cells.consoleSocket],
    ['PRESERVE_FDS', cells.preserveFds],
    ...(options.pidfdSocket ? [['PIDFD_SOCKET', cells.pidfdSocket] as const] : []),
  ]);
  return {
    kind: 'program',
    warnings,
    program: {
      arch: facts.arch,
      joins: true,
      tracks: [
        { name: 'exec', actions, failed: [exitReporting(255)] },
        processTrack(launch, {
          begin,
          init,
          view: input.state.chos,
          cgroups,
          affinity,
          link: input.state.chos.link ? setLink(launch.open, input.state.chos.link, rule('state.json')) : [],
          terminal,
          seccomp,
          labels: [...proc.open, ...proc.labels],
        }),
      ],
      entries: [{ entry: 'exec', track: 'exec' }],
      parameters,
    },
  };
}

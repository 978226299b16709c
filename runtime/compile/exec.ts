/**
 * `exec`: one more process in a running container. It enters the container's cgroups and namespaces by the pidfd of its init and then goes the
 * way that init went, without making anything. Its order stands in launch/phases.ts.
 */
import type { CgroupDriverName } from '../../spec/cgroup-drivers.js';
import type { HostFacts } from '../../spec/host-facts.js';
import { Clone, SIGKILL } from '../../spec/kernel.js';
import type { ParameterName } from '../../spec/parameters.js';
import type { AdmittedProcess, AdmittedSpec } from '../admit/admit.js';
import type { Action, Program } from '../program/action.js';
import { type Label, label, type Slot } from '../program/operand.js';
import { exit, supervise, sys, track, waitReap } from '../program/step.js';
import { type AsBefore, lookAsBefore } from './as-before.js';
import type { JoinedGroups, SubCgroup } from './cgroups/driver.js';
import { driverNamed } from './cgroups/drivers.js';
import { letGoOfHost, pidFile, sweepDescriptors } from './container/descriptors.js';
import { guardKernel } from './container/kernel.js';
import { sendPidfd } from './container/pidfd-socket.js';
import { joinResctrlGroup } from './container/resctrl.js';
import { containerOf, findContainer, type RecordedInit, sayIfEnded } from './entered-container.js';
import { terminalInExec } from './exec-terminal.js';
import { cloneArguments } from './idioms/clone.js';
import { holdInterrupts, passedOn } from './idioms/interrupts.js';
import { setLink } from './idioms/link.js';
import { operation } from './idioms/operation.js';
import { stopSensor } from './idioms/start-time.js';
import { entersUsersFirst } from './launch/confined.js';
import { type CompileFilter, createProcessLaunch, type ProcessLaunch, rule } from './launch/launch.js';
import { type Contribution, inOrder } from './launch/phases.js';
import { type Compiled, compiled, createJudgement, type Refuse } from './launch/refusal.js';
import { listenerOf } from './launch/seccomp-listener.js';
import { type Becoming, becomeCommand } from './process/become.js';
import {
  holdSignals,
  hostMessages,
  type Messages,
  openChannel,
  reportFailure,
  Signal,
} from './process/channel.js';
import { cpuAffinity } from './process/cpu-affinity.js';
import { judgeProcess } from './process/judge.js';
import { ownDevices } from './process/own-devices.js';
import { defaultSignals, keyring, openToCaller, outOfMemoryScore, session } from './process/process.js';
import { ownNature, scheduling } from './process/scheduling.js';
import { seccompAction } from './process/seccomp-action.js';
import { giveStreams } from './process/streams.js';
import { type ProcActions, procActions } from './root/system.js';
import { type Container, enterContainer } from './views/enter-container.js';

export interface ExecInput {
  /** The container's saved config.json. */
  readonly config: AdmittedSpec;
  readonly process: AdmittedProcess;
  readonly state: RecordedInit & {
    readonly bundle: string;
    readonly annotations: Readonly<Record<string, string>>;
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
  readonly compileFilter?: CompileFilter;
}

export function compileExec(input: ExecInput): Compiled {
  const { facts, options } = input;
  const launch = createProcessLaunch({
    spec: input.config,
    process: input.process,
    facts,
    options: { noNewKeyring: false, environmentEntries: options.environmentEntries },
    compileFilter: input.compileFilter,
  });
  const judgement = createJudgement();
  judgeProcess(launch, options, judgement);
  const parts = partsOf(launch, input, judgement.refuse);
  return compiled(judgement, () => programOf(launch, parts, input));
}

/** What more than one concern has to know of another. */
interface Parts {
  readonly init: Container;
  readonly cgroups: JoinedGroups;
  readonly command: Becoming;
  readonly proc: ProcActions;
  readonly messages: Messages;
  readonly before: AsBefore;
}

function partsOf(launch: ProcessLaunch, { state, options }: ExecInput, refuse: Refuse): Parts {
  const seccomp = seccompAction(launch, refuse);
  const proc = procActions(launch, refuse, 'process');
  const init = containerOf(state);
  const { cgroupManager, cgroups: directories } = state.chos;
  const cgroups = driverNamed(cgroupManager).join(
    launch,
    { directories, below: options.cgroups, pid: init.pid },
    refuse,
  );
  const messages = hostMessages(launch, {
    who: 'process',
    because: rule('the process works, exec waits'),
    why: sayIfEnded(init, state.id),
    frost: options.ignorePaused ? null : cgroups.frostOf(launch.cells.pid),
    stop: stopSensor(launch.open, launch.cells.pid),
  });
  const endowed = { reserveFor: 0, streams: 'given' } as const;
  const command = becomeCommand(launch, seccomp, launch.namespaces.has('user') ? endowed : undefined);
  const before = lookAsBefore(launch, state, {
    directories,
    thawed: options.ignorePaused ? [] : cgroups.thawed,
  });
  return { init, cgroups, command, proc, messages, before };
}

/** Who fills the phases. */
function contributions(
  launch: ProcessLaunch,
  parts: Parts,
  { state, options }: ExecInput,
  begin: Label,
): readonly Contribution[] {
  const { init, cgroups, command, proc, messages, before } = parts;
  const { cells, open } = launch;
  const affinity = cpuAffinity(launch);
  const { link } = state.chos;
  return [
    commandTrack(launch, options, messages, listened(launch, parts, state)),
    {
      exec: {
        'as-before': [before.action],
        container: [findContainer(launch, state, init)],
        'pid-namespace': launch.namespaces.has('pid') ? [enterPids(launch, init)] : [],
        process: [startProcess(launch, cgroups, begin)],
      },
      process: {
        begin: [
          operation({ kind: 'begin-as-process', because: rule('exec') }, [
            begin,
            sys('close', [cells.hostEnd]),
          ]),
        ],
        link: link ? setLink(open, link, rule('state.json')) : [],
        namespaces: enterContainer(launch, init, state.chos),
      },
    },
    {
      exec: { cgroups: [...cgroups.open, ...(options.ignorePaused ? [] : cgroups.insistThawed)] },
      process: { cgroups: [...cgroups.enter, ...joinResctrlGroup(launch, state.id)] },
    },
    {
      exec: { affinity: [...byCommand(launch), ...affinity.initial] },
      process: { affinity: affinity.final },
    },
    terminalInExec(launch, messages, options.console),
    becoming(launch, command, proc),
  ];
}

/**
 * Who is root nowhere is dumpable while it writes its score. It must not be so any more where the container's processes see it and have rights over it, so the command does
 * it, and what it starts has it too.
 */
const scoredByCommand = ({ facts }: ProcessLaunch): boolean => facts.euid !== 0;

const byCommand = (launch: ProcessLaunch): readonly Action[] =>
  scoredByCommand(launch) ? outOfMemoryScore(launch) : [];

/** From the process in its place to the command, as init does it (process/in-launch.ts). */
function becoming(launch: ProcessLaunch, command: Becoming, proc: ProcActions): Contribution {
  const { cells } = launch;
  // Inside, it has no rights of the host's any more.
  const users = launch.namespaces.has('user');
  return {
    process: {
      reserved: [
        ...(scoredByCommand(launch) ? [] : outOfMemoryScore(launch)),
        ...command.reserve,
        ...(users ? [...scheduling(launch), ...giveStreams(launch), ...proc.open] : []),
      ],
      devices: launch.process.terminal ? [] : [ownDevices(launch)],
      process: [
        ...session(),
        ...(users ? [] : scheduling(launch)),
        ...ownNature(launch),
        ...keyring(launch),
        defaultSignals(),
      ],
      labels: [...(users ? [] : proc.open), ...proc.labels],
      'let-go-of-host': [letGoOfHost(launch, [cells.initEnd])],
      user: [...command.prepare, ...(listenerOf(launch) === null ? [] : openToCaller(launch))],
      execve: command.execute(cells.initEnd, cells.initEnd, rule('exec')),
    },
  };
}

/** The filter is that of the container, and a new one for its agent. */
function listened(
  launch: ProcessLaunch,
  { init, messages }: Parts,
  { bundle, annotations }: ExecInput['state'],
): readonly Action[] {
  const listener = listenerOf(launch);
  if (listener === null) return [];
  const { cells, config } = launch;
  const of = { id: cells.id, pid: init.pid, ociVersion: config.ociVersion, bundle, annotations };
  const container = { ...of, status: 'running' } as const;
  return [messages.passListener(listener, { pid: cells.pid, pidfd: cells.pidfd, container })];
}

/** What the command does besides: for its caller, and in the foreground. */
function commandTrack(
  launch: ProcessLaunch,
  options: ExecInput['options'],
  messages: Messages,
  passed: readonly Action[],
): Contribution {
  const { cells } = launch;
  const { detach } = options;
  return {
    exec: {
      kernel: [guardKernel()],
      descriptors: [sweepDescriptors(launch)],
      interrupts: [holdInterrupts(cells.interrupts)],
      channel: [openChannel(launch, 'process', rule('exec'))],
      signals: detach ? [] : [holdSignals(rule('exec forwards them'))],
      executed: [messages.expect(Signal.EXEC), ...passed, messages.end],
      announced: [...(options.pidfdSocket ? [sendPidfd(launch, 'exec')] : []), pidFile(launch)],
      foreground: detach
        ? []
        : [
            operation({ kind: 'stay-in-foreground', because: rule('exec') }, [
              supervise(cells.pidfd, cells.consoleFd, passedOn, cells.exitCode),
            ]),
          ],
      end: [operation({ kind: 'end', because: rule('exec') }, [exit(detach ? 0 : cells.exitCode)])],
    },
  };
}

/** setns(2) moves only children into it. A user has the right to do so in its user namespace only. */
function enterPids(launch: ProcessLaunch, { pidfd }: Container): Action {
  return operation({ kind: 'enter-pid-namespace', because: rule('exec') }, [
    sys('setns', [pidfd, Clone.NEWPID | (entersUsersFirst(launch) ? Clone.NEWUSER : 0)]),
  ]);
}

function startProcess({ cells }: ProcessLaunch, { birth }: JoinedGroups, begin: Label): Action {
  const cloneArgs = cloneArguments('process', BigInt(Clone.PIDFD) | birth.flags, cells.pidfd);
  return operation(
    { kind: 'start-process', because: rule('exec') },
    [
      ...birth.begin(cloneArgs),
      track(cloneArgs, 'process', begin, { to: cells.pid }),
      sys('close', [cells.initEnd]),
      ...birth.end,
    ],
    {
      undo: [
        sys('pidfd_send_signal', [cells.pidfd, SIGKILL, 0, 0]),
        waitReap(cells.pidfd, 10_000, { to: cells.result }),
      ],
    },
  );
}

function programOf(launch: ProcessLaunch, parts: Parts, input: ExecInput): Program {
  const { cells, facts } = launch;
  const who = contributions(launch, parts, input, label('process_begin'));
  return {
    arch: facts.arch,
    joins: true,
    tracks: [
      { name: 'exec', actions: inOrder('exec', who), failed: parts.before.failed },
      { name: 'process', actions: inOrder('process', who), failed: reportFailure(launch, cells.initEnd) },
    ],
    entries: [{ entry: 'exec', track: 'exec' }],
    parameters: new Map<ParameterName, Slot>([
      ['ID', cells.id],
      ['PID_FILE', cells.pidFile],
      ['CONSOLE_SOCKET', cells.consoleSocket],
      ['PRESERVE_FDS', cells.preserveFds],
      ['ARGS', cells.args],
      ['ARG0', cells.arg0],
      ['REUSED', parts.before.reused],
      ...(input.options.pidfdSocket ? [['PIDFD_SOCKET', cells.pidfdSocket] as const] : []),
    ]),
  };
}

/**
 * AdmittedSpec + HostFacts + Environment -> Program. Pure: no I/O, no clock; equal input gives an equal program.
 */
import { Clone, SIGKILL } from '../../spec/kernel.js';
import type { ParameterName } from '../../spec/parameters.js';
import { type Action, action, type Program, type Track } from '../program/action.js';
import { encode } from '../program/encode.js';
import { label, ref, type Slot, slot, struct, u64 } from '../program/operand.js';
import {
  branch,
  exit,
  exitReporting,
  jump,
  type Line,
  move,
  send,
  store,
  supervise,
  sys,
  track,
  waitReap,
  walk,
} from '../program/step.js';
import { driverOf } from './cgroups/drivers.js';
import { pidFile, sweepDescriptors } from './container/descriptors.js';
import { guardKernel } from './container/kernel.js';
import { letOthersIn, lockAgain, unlock } from './container/own-directory.js';
import { sendPidfd, sendToReceiver } from './container/pidfd-socket.js';
import { dropGateError, hasGateError, makeGate, makeStateDirectory, recordInit } from './container/state.js';
import { openStateRoot } from './container/state-root.js';
import { cloneArguments, hookActions, hookContext, openOutput, outputOf } from './hooks/hooks.js';
import { holdInterrupts, passedOn } from './idioms/interrupts.js';
import { initTrack } from './init.js';
import { warnOfAnnotations } from './launch/annotations.js';
import { checkAsked, ifAsked, ifNotAsked } from './launch/asked.js';
import { createLaunch, type Launch, type LaunchInput, rule } from './launch/launch.js';
import { type CompileRefusal, type CompileWarning, createJudgement } from './launch/refusal.js';
import { cloneFlags, enterJoined, joinedNamespaces, openJoined } from './namespaces/namespaces.js';
import { timeNamespace } from './namespaces/time.js';
import { becomeCommand } from './process/become.js';
import { judgeCapabilities } from './process/capabilities.js';
import { awaitHost, holdSignals, hostMessages, openChannel, Signal, tell } from './process/channel.js';
import { seccompAction } from './process/seccomp-action.js';
import { seeDevices } from './root/devices.js';
import { warnOfMounts } from './root/mounts.js';
import { procActions } from './root/system.js';
import { connectConsole, needTerminal } from './root/terminal.js';
import { compileLifecycle } from './stored/lifecycle.js';
import { backEndOf } from './views/choose-back-end.js';

export type CompiledLaunch =
  | {
      readonly kind: 'program';
      readonly program: Program;
      readonly warnings: readonly CompileWarning[];
    }
  | { readonly kind: 'refused'; readonly refusals: readonly CompileRefusal[] };

export function compileLaunch(input: LaunchInput): CompiledLaunch {
  const backEnd = backEndOf(createLaunch(input));
  const { launch } = backEnd;
  const { cells, options, facts } = launch;
  const { refusals, warnings, refuse, warn } = createJudgement();
  // First, because it is why the rest cannot be done either.
  if (facts.euid !== 0) refuse(rule('rootless'), { kind: 'needs-root' });
  judgeCapabilities(launch, refuse, warn);
  warnOfMounts(launch, warn);
  warnOfAnnotations(launch, warn);
  const { terminal } = launch.process;
  if (options.console === true && !terminal)
    refuse(launch.because('process'), { kind: 'console-socket-without-terminal' });
  if (terminal && options.console === false && options.detach === true)
    refuse(launch.because('process', 'terminal'), { kind: 'terminal-without-console-socket' });

  const cgroups = driverOf(launch).create(launch, refuse);
  const command = becomeCommand(launch, seccompAction(launch, refuse));
  const joined = joinedNamespaces(launch);
  const hostPid = slot('host_pid');
  const { interrupts } = cells;
  const { id, environ } = cells;
  const init_ = { who: 'init', channel: cells.initEnd } as const;
  const hostContext = hookContext(launch, { id, environ, pid: cells.pid }, { who: 'command', interrupts });
  const initContext = hookContext(launch, { id, environ, pid: hostPid }, init_);
  const insideContext = hookContext(launch, { id, environ, pid: hostPid }, init_, true);
  const proc = procActions(launch, refuse, 'container');
  const opening = letOthersIn(launch);

  const {
    prestart,
    createRuntime,
    createContainer,
    startContainer: startContainerHooks,
  } = launch.normal.hooks;
  const { poststart, poststop } = launch.normal.hooks;
  const runtimeHooks = [
    hookActions(hostContext, 'prestart', prestart, 'creating'),
    hookActions(hostContext, 'createRuntime', createRuntime, 'creating'),
  ];
  const containerHooks = hookActions(initContext, 'createContainer', createContainer, 'creating');
  const startContainer = hookActions(insideContext, 'startContainer', startContainerHooks, 'created', {
    inBundle: false,
    environment: command.environment,
    confine: command.confine,
  });
  const started = hookActions(hostContext, 'poststart', poststart, 'running');
  const stopped = hookActions(hostContext, 'poststop', poststop, 'stopped', { tolerant: true });
  const atCreate = prestart.length + createRuntime.length + createContainer.length > 0;
  const atStart = startContainerHooks.length + poststart.length > 0;
  const messages = hostMessages(launch, {
    who: 'init',
    rule: 'init works, the host waits',
    why: [...(atCreate ? opening.why : []), ...cgroups.whyKilled],
    frost: cgroups.frostOf(cells.pid),
  });
  const beforePivot: readonly Action[] = [
    ...(atCreate ? [tell(cells.initEnd, Signal.HOOKS, 'run-hooks'), awaitHost(launch, 'hooks')] : []),
    ...containerHooks.actions,
  ];
  const root = backEnd.prepareRoot(
    { beforePivot, openProc: proc.open, afterPivot: proc.sysctl, cgroups: cgroups.directories },
    refuse,
  );
  if (refusals.length > 0) return { kind: 'refused', refusals };

  const begin = label('init_begin');
  const init = initTrack(launch, begin, command, {
    hostPid,
    cgroups,
    enterNamespaces: enterJoined(launch, joined),
    beforeRoot: startContainerHooks.length > 0 ? [openOutput(insideContext)] : [],
    root: root.actions,
    afterRoot: proc.labels,
    startContainer: startContainer.actions,
    hookOutput: startContainerHooks.length > 0 ? outputOf(insideContext) : [],
  });

  const flags = BigInt(cloneFlags(launch) | Clone.PIDFD) | cgroups.birth.flags;
  const cloneArgs = cloneArguments('init', flags, cells.pidfd);
  const pidMessage = struct('pid message', [u64(0)]);
  const foreground = options.entry === 'run' && options.detach !== true;
  const exitCode = cells.exitCode;
  const time = timeNamespace(launch);

  const rootFd = slot('state_root', -1);
  const hostActions: Action[] = [
    guardKernel(),
    ...checkAsked(launch),
    ...(terminal && foreground
      ? ifNotAsked(options.console, cells.consoleSocket, [
          needTerminal(launch.because('process', 'terminal')),
        ])
      : []),
    sweepDescriptors(launch),
    ...openJoined(launch, joined),
    ...backEnd.open,
    ...seeDevices(launch),
    ...openStateRoot(launch, rootFd),
    ...cgroups.check,
    // Before anything is made: it waits as long as the listener likes. Without a terminal, checkAsked has refused the socket.
    ...(terminal
      ? ifAsked(options.console, cells.consoleSocket, [
          connectConsole(cells.consoleSocket, root.consoleSocket, rule('--console-socket')),
        ])
      : []),
    holdInterrupts(interrupts),
    ...makeStateDirectory(launch, rootFd, encode(compileLifecycle(launch)), stopped.calls),
    ...makeGate(launch),
    ...cgroups.make,
    ...cgroups.limit,
    openChannel(launch, 'init', 'host and init take turns'),
    ...(foreground ? ifNotAsked(options.detach, cells.detach, [holdSignals('run forwards them')]) : []),
    ...time.make,
    action(
      {
        title: `start init${describeNamespaces(launch)}`,
        fails: ['start init'],
        because: rule('namespaces'),
        undo: stopInit(launch, cgroups.thawAll(), {
          hooks: createContainer.length + startContainerHooks.length > 0,
          yields: atCreate || (options.entry === 'run' && (atStart || !options.detach)),
        }),
      },
      [
        ...cgroups.birth.begin(cloneArgs),
        track(cloneArgs, 'init', begin, { to: cells.pid }),
        ...time.leave,
        sys('close', [cells.initEnd]),
        // What the other end of exec.err holds tells that the command is not yet executed.
        ...(options.entry === 'run' && hasGateError(launch) ? [sys('close', [cells.gateError])] : []),
        ...cgroups.birth.end,
      ],
    ),
    ...cgroups.adopt(cells.pid),
    recordInit(launch, cgroups.record),
    action({ title: 'let init go on', because: rule('init waits until it is known') }, [
      store('U64', pidMessage, 0, cells.pid),
      send(cells.hostEnd, pidMessage, 8),
    ]),
    ...(root.foregroundTerminal
      ? ifNotAsked(options.console, cells.consoleSocket, [messages.receiveTerminal()])
      : []),
    ...(atCreate
      ? [
          messages.expect(Signal.HOOKS),
          opening.begin,
          ...runtimeHooks.flatMap(h => h.actions),
          tell(cells.hostEnd, Signal.CONTINUE, 'go-on-after-hooks'),
        ]
      : []),
    messages.expect(Signal.READY),
    ...(atCreate ? [opening.end] : []),
    ...backEnd.settled,
    ...ifAsked(options.pidfdSocket, cells.pidfdSocket, [sendPidfd(launch, 'launch')]),
    ...sendToReceiver(launch),
    pidFile(launch),
  ];
  if (options.entry === 'run')
    hostActions.push(
      ...(atStart
        ? [action({ title: 'let other commands in', because: rule('hooks are at work') }, unlock(launch))]
        : []),
      tell(cells.hostEnd, Signal.GO, 'open-gate'),
      messages.expect(Signal.EXEC),
      messages.end,
      ...(hasGateError(launch) ? [dropGateError(launch)] : []),
      ...started.actions,
    );
  const dropState = dropStateDirectory(launch, rootFd);
  const end = label('end');
  if (foreground) {
    hostActions.push(
      action({ title: 'stay in the foreground', because: rule('run') }, [
        ...(options.detach === 'at-run' ? [branch(cells.detach, 'NE', 0, end)] : []),
        // pause, resume and delete want the lock while the container runs.
        ...unlock(launch),
        supervise(cells.pidfd, cells.consoleFd, passedOn, exitCode),
        branch(cells.keep, 'NE', 0, end),
        // Whoever holds it is at work on the container, and removes it in his turn; or `delete` will.
        ...lockAgain(launch, end, end),
        ...cgroups.remove(),
        ...dropState,
        move(cells.removed, 1),
      ]),
      ...stopped.actions,
    );
  }
  hostActions.push(
    action({ title: 'end', because: rule(options.entry) }, [end, exit(foreground ? exitCode : 0)]),
  );

  const parameters = new Map<ParameterName, Slot>([
    ['ID', cells.id],
    ['ROOT', cells.root],
    ['STATE_DIR', cells.stateDir],
    ['PID_FILE', cells.pidFile],
    ['CONSOLE_SOCKET', cells.consoleSocket],
    ['PRESERVE_FDS', cells.preserveFds],
    ...(options.pidfdSocket ? [['PIDFD_SOCKET', cells.pidfdSocket] as const] : []),
    ['ARGS', cells.args],
    ['ARG0', cells.arg0],
    ['ENVIRON', cells.environ],
    ['KEEP', cells.keep],
    ['DETACH', cells.detach],
  ]);
  const host: Track = {
    name: options.entry,
    actions: hostActions,
    failed: [exitReporting(1)],
  };
  return {
    kind: 'program',
    warnings,
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

/** Init ends with the channel; one that waits for a hook then ends that with all its children, for which it is given time. */
function stopInit(
  launch: Launch,
  thaw: readonly Line[],
  { hooks, yields }: { readonly hooks: boolean; readonly yields: boolean },
): readonly Line[] {
  const { cells } = launch;
  const closed = label('command_runs');
  const ours = label('still_ours');
  const deleted = label('deleted_by_others');
  return [
    ...(hooks
      ? [
          branch(cells.hostEnd, 'EQ', -1, closed),
          sys('close', [cells.hostEnd]),
          waitReap(cells.pidfd, 2_000, { to: cells.result }),
          closed,
        ]
      : []),
    sys('pidfd_send_signal', [cells.pidfd, SIGKILL, 0, 0]),
    ...thaw,
    waitReap(cells.pidfd, 10_000, { to: cells.result }),
    // Others had their turn: one that has deleted the container has removed its cgroups and run its poststop hooks as well.
    ...(yields ? [...lockAgain(launch, deleted), jump(ours), deleted, exitReporting(1), ours] : []),
  ];
}

function describeNamespaces(launch: Launch): string {
  const fresh = [...launch.namespaces].filter(([, path]) => path === 'new').map(([type]) => type);
  return fresh.length > 0 ? ` in new namespaces: ${fresh.join(', ')}` : '';
}

/** ROOT/ID goes last: while it is there, `delete` knows what to remove. */
function dropStateDirectory({ cells }: Launch, rootFd: Slot): readonly Line[] {
  return [walk('REMOVE_TREE', [rootFd, ref(cells.id), 0, 0])];
}

export { compileExec } from './exec.js';

/**
 * AdmittedSpec + HostFacts + Environment -> Program. Pure: no I/O, no clock; equal input gives an equal program.
 *
 * What a launch does stands in launch/phases.ts, in its order; who does it, in `contributions` below.
 */
import type { ParameterName } from '../../spec/parameters.js';
import type { Action, Program, Track } from '../program/action.js';
import { encode } from '../program/encode.js';
import { label, type Slot, slot } from '../program/operand.js';
import { exitReporting } from '../program/step.js';
import type { NewGroups } from './cgroups/driver.js';
import { driverOf } from './cgroups/drivers.js';
import { containerInLaunch } from './container/in-launch.js';
import { letOthersIn, type Opening } from './container/own-directory.js';
import { readinessInLaunch } from './container/readiness.js';
import { type NewResctrlGroup, newResctrlGroup, removeResctrlGroup } from './container/resctrl.js';
import { foregroundInLaunch } from './foreground.js';
import { hooksOf, type LaunchHooks } from './hooks/in-launch.js';
import { holdInterrupts } from './idioms/interrupts.js';
import { stopSensor } from './idioms/start-time.js';
import { initInLaunch } from './init.js';
import { warnOfAnnotations } from './launch/annotations.js';
import { checkAsked } from './launch/asked.js';
import { createLaunch, hasUsers, joinsPids, type Launch, type LaunchInput, rule } from './launch/launch.js';
import { type Contribution, inOrder } from './launch/phases.js';
import { type Compiled, compiled, createJudgement, type Refuse } from './launch/refusal.js';
import { type IdMaps, idMaps } from './namespaces/id-maps.js';
import { namespacesInLaunch } from './namespaces/in-launch.js';
import { type Becoming, becomeCommand } from './process/become.js';
import { awaitHost, hostMessages, reportFailure, Signal, tell } from './process/channel.js';
import { commandInLaunch, conversation } from './process/in-launch.js';
import { judgeProcess } from './process/judge.js';
import { seccompAction } from './process/seccomp-action.js';
import { rootInLaunch } from './root/in-launch.js';
import { warnOfMounts } from './root/mounts.js';
import type { RootActions } from './root/prepare.js';
import { type ProcActions, procActions } from './root/system.js';
import { compileLifecycle } from './stored/lifecycle.js';
import type { BackEnd } from './views/back-end.js';
import { backEndOf } from './views/choose-back-end.js';

export { compileExec } from './exec.js';

export function compileLaunch(input: LaunchInput): Compiled {
  const backEnd = backEndOf(createLaunch(input));
  const { launch } = backEnd;
  const judgement = createJudgement();
  judgeProcess(launch, launch.options, judgement);
  warnOfMounts(launch, judgement.warn);
  warnOfAnnotations(launch, judgement.warn);
  const parts = partsOf(backEnd, judgement.refuse);
  return compiled(judgement, () => programOf(parts));
}

/** What more than one concern has to know of another. */
interface Parts {
  readonly launch: Launch;
  readonly backEnd: BackEnd;
  readonly cgroups: NewGroups;
  readonly resctrl: NewResctrlGroup;
  readonly command: Becoming;
  readonly hooks: LaunchHooks;
  readonly opening: Opening | null;
  readonly proc: ProcActions;
  readonly root: RootActions;
  readonly maps: IdMaps;
  /** In init: its pid as the host sees it, and where its failures go at the time. */
  readonly hostPid: Slot;
  readonly errorFd: Slot;
}

function partsOf(backEnd: BackEnd, refuse: Refuse): Parts {
  const { launch } = backEnd;
  const cgroups = driverOf(launch).create(launch, refuse);
  const seccomp = seccompAction(launch, refuse);
  if (seccomp?.notifies && launch.config.hooks.startContainer.length > 0)
    refuse(launch.because('hooks', 'startContainer'), {
      kind: 'seccomp',
      refusal: { kind: 'notify-hooks', at: '' },
    });
  const command = becomeCommand(
    launch,
    seccomp,
    hasUsers(launch) ? { reserveFor: launch.cells.pid, streams: 'given' } : undefined,
  );
  const hostPid = slot('host_pid');
  const hooks = hooksOf(launch, hostPid, command);
  const proc = procActions(launch, refuse, 'container');
  const beforePivot = [...(hooks.atCreate ? askForHooks(launch) : []), ...hooks.container.actions];
  const maps = idMaps(launch);
  const root = backEnd.prepareRoot(
    {
      beforePivot,
      openProc: proc.open,
      afterPivot: proc.sysctl,
      cgroups: cgroups.shown ?? cgroups.directories,
      idMapOf: maps.of,
    },
    refuse,
  );
  return {
    launch,
    backEnd,
    cgroups,
    resctrl: newResctrlGroup(launch, refuse),
    command,
    hooks,
    opening: hooks.atCreate ? letOthersIn(launch) : null,
    proc,
    root,
    maps,
    hostPid,
    errorFd: slot('error_fd', -1),
  };
}

function askForHooks(launch: Launch): readonly Action[] {
  return [tell(launch.cells.initEnd, Signal.HOOKS, 'run-hooks'), awaitHost(launch, 'hooks')];
}

interface Made {
  readonly who: readonly Contribution[];
  readonly tracks: readonly Track[];
}

/** Who fills the phases. */
function contributions(parts: Parts, begin: ReturnType<typeof label>): Made {
  const { launch, backEnd, cgroups, resctrl, hooks, opening, root, hostPid, errorFd } = parts;
  const { cells, options } = launch;
  const namespaces = namespacesInLaunch(launch, parts.maps);
  const rootFd = slot('state_root', -1);
  const messages = hostMessages(launch, {
    who: 'init',
    because: rule('init works, the host waits'),
    why: [...(opening?.why ?? []), ...cgroups.whyKilled, ...hooks.why],
    frost: cgroups.frostOf(cells.pid),
    stop: joinsPids(launch) ? stopSensor(launch.open, cells.pid) : null,
  });
  const init = initInLaunch(launch, {
    begin,
    errorFd,
    cgroups,
    started: namespaces.started,
    door: namespaces.door,
    runsHooks: hooks.inInit,
    yields: hooks.atCreate || (options.entry === 'run' && (hooks.atStart || !options.detach)),
  });
  const who: readonly Contribution[] = [
    { host: { options: checkAsked(launch), interrupts: [holdInterrupts(cells.interrupts)] } },
    { host: { view: backEnd.open, 'view-done': backEnd.settled } },
    containerInLaunch(launch, {
      rootFd,
      cgroups: cgroups.record,
      stored: encode(compileLifecycle(launch)),
      poststop: hooks.stopped.calls,
      opening,
      hooksAtStart: hooks.atStart,
      keptByInit: hooks.output,
    }),
    {
      host: {
        'free-cgroups': cgroups.check,
        cgroups: [...cgroups.make, ...cgroups.limit, ...resctrl.make],
        adopted: [...cgroups.adopt(cells.pid), ...resctrl.enter],
      },
      init: { cgroups: cgroups.enter },
    },
    namespaces.contribution,
    init.contribution,
    conversation(launch, { messages, hooks: hooks.atCreate, terminal: root.foregroundTerminal }, hostPid),
    rootInLaunch(launch, root, parts.proc),
    hooks.contribution,
    commandInLaunch(launch, parts.command, errorFd),
    foregroundInLaunch(launch, rootFd, [
      ...cgroups.remove(),
      ...removeResctrlGroup(launch, cells.stateFd, cells.id),
    ]),
    readinessInLaunch(launch),
  ];
  return { who, tracks: [...init.tracks, ...namespaces.tracks] };
}

function programOf(parts: Parts): Program {
  const { launch, hooks } = parts;
  const { entry } = launch.options;
  const { who, tracks } = contributions(parts, label('init_begin'));
  const host: Track = { name: entry, actions: inOrder('host', who), failed: [exitReporting(1)] };
  const init: Track = {
    name: 'init',
    actions: inOrder('init', who),
    failed: reportFailure(launch, parts.errorFd),
  };
  return {
    arch: launch.facts.arch,
    joins: true,
    tracks: [host, init, ...hooks.tracks, ...parts.maps.tracks, ...tracks],
    entries: [{ entry, track: entry }],
    parameters: parametersOf(launch),
  };
}

function parametersOf({ cells, options }: Launch): ReadonlyMap<ParameterName, Slot> {
  return new Map([
    ['ID', cells.id],
    ['ROOT', cells.root],
    ['STATE_DIR', cells.stateDir],
    ['PID_FILE', cells.pidFile],
    ['CONSOLE_SOCKET', cells.consoleSocket],
    ['PRESERVE_FDS', cells.preserveFds],
    ...(options.pidfdSocket ? [['PIDFD_SOCKET', cells.pidfdSocket] as const] : []),
    ...(options.notify === null ? [] : [['NOTIFY_SOCKET', cells.notifySocket] as const]),
    ['ARGS', cells.args],
    ['ARG0', cells.arg0],
    ['ENVIRON', cells.environ],
    ['KEEP', cells.keep],
    ['DETACH', cells.detach],
  ]);
}

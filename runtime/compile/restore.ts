/**
 * `restore`: a container out of the images of `checkpoint`. It is a container as any other: its directory, cgroups and stored programs are made as `create` makes them, before
 * CRIU is asked. CRIU runs in the cgroups of the container, so that whoever is left of a restore that was killed is found there, and in a mount namespace of its own,
 * which ends with it. The restored process is a child of this command, and so of whoever adopts its orphans.
 */
import {
  CgroupRootField,
  CriuNotice,
  CriuOption,
  CriuRequest,
  externalNamespaces,
  InheritField,
  JoinField,
  logFiles,
} from '../../spec/criu.js';
import { AT_FDCWD, Clone, F_DUPFD_CLOEXEC, Propagation, SIGKILL, TIOCGWINSZ } from '../../spec/kernel.js';
import type { ParameterName } from '../../spec/parameters.js';
import type { Action, Program, Track } from '../program/action.js';
import { ignoring, when } from '../program/control.js';
import { encode } from '../program/encode.js';
import { buffer, type Slot, slot, text } from '../program/operand.js';
import { call, exitReporting, type Line, move, sys, waitReap } from '../program/step.js';
import type { NewGroups } from './cgroups/driver.js';
import { driverOf } from './cgroups/drivers.js';
import { pidFile, sweepDescriptors } from './container/descriptors.js';
import { guardKernel } from './container/kernel.js';
import { letOthersIn } from './container/own-directory.js';
import { makeStateDirectory, recordInit } from './container/state.js';
import { openStateRoot } from './container/state-root.js';
import { openDirectories } from './criu/directories.js';
import { isReplaced, isTerminal, type OwnCgroup, restoredMounts } from './criu/external.js';
import type { Message } from './criu/message.js';
import { makeMountPoints } from './criu/mount-points.js';
import { type RestoreAsked, restoreOptions } from './criu/options.js';
import { criuWorker, type Worker } from './criu/worker.js';
import { foregroundInLaunch } from './foreground.js';
import { hookActions, hookContext } from './hooks/hooks.js';
import { holdInterrupts } from './idioms/interrupts.js';
import { attach, cloneTree, propagateRoot } from './idioms/mount-steps.js';
import { operation } from './idioms/operation.js';
import { createLaunch, type Launch, type LaunchInput, rule } from './launch/launch.js';
import { type Compiled, compiled, createJudgement } from './launch/refusal.js';
import { holdSignals } from './process/channel.js';
import { judgeProcess } from './process/judge.js';
import { connectConsole, needTerminal, sendMaster } from './root/terminal.js';
import { compileLifecycle } from './stored/lifecycle.js';

export interface RestoreInput extends Omit<LaunchInput, 'environment'> {
  readonly id: string;
  /** Absolute, without links: CRIU wants the name of a mount. */
  readonly root: string;
  readonly asked: RestoreAsked;
}

export function compileRestore(input: RestoreInput): Compiled {
  const launch = createLaunch({ ...input, environment: null });
  const judgement = createJudgement();
  judgeProcess(launch, launch.options, judgement);
  const cgroups = driverOf(launch).create(launch, judgement.refuse);
  if (launch.config.linux.intelRdt !== null)
    judgement.refuse(launch.because('linux', 'intelRdt'), { kind: 'restored-without-resctrl' });
  return compiled(judgement, () => programOf(launch, cgroups, input));
}

/** Something of the images that is replaced, with what opens the replacement. */
interface Replacement {
  readonly open: readonly Action[];
  readonly fds: readonly Slot[];
  readonly message: Message;
}

/** The streams that led outside lead to ours. */
function replacedStreams({ asked }: RestoreInput): Replacement {
  const found = asked.streams.flatMap((key, stream) =>
    isReplaced(key) ? [{ key, stream, fd: slot(`stream_${stream}`, -1) }] : [],
  );
  // Of several with one key, CRIU takes one.
  const each = found.filter(({ key }, i) => found.findIndex(other => other.key === key) === i);
  return {
    open: [
      // CRIU would say only that a setting of some file cannot be made.
      ...each.flatMap(({ key, stream }) =>
        isTerminal(key)
          ? [
              operation({ kind: 'need-stream-terminal', stream, because: rule('restore') }, [
                sys('ioctl_struct', [stream, TIOCGWINSZ, buffer('stream_size', 8)]),
              ]),
            ]
          : [],
      ),
      ...each.map(({ stream, fd }) =>
        operation({ kind: 'take-over-stream', stream, because: rule('restore') }, [
          sys('fcntl', [stream, F_DUPFD_CLOEXEC, 3], { to: fd }),
        ]),
      ),
    ],
    fds: each.map(({ fd }) => fd),
    message: each.map(({ key, fd }) => [
      CriuOption.INHERIT,
      [
        [InheritField.KEY, key],
        [InheritField.FD, { fd }],
      ],
    ]),
  };
}

/** Namespaces by path: CRIU joins some by their name, and takes those of network and pid as descriptors. */
function replacedNamespaces(launch: Launch): Replacement {
  const open: Action[] = [];
  const fds: Slot[] = [];
  const message: (readonly [number, Message])[] = [];
  for (const [type, path] of launch.namespaces) {
    if (path === 'new') continue;
    if (type === 'network' || type === 'pid') {
      const fd = slot(`${type}_namespace`, -1);
      open.push(
        operation({ kind: 'open-namespace-for-criu', type, path, because: rule('restore') }, [
          sys('openat', [AT_FDCWD, text(path), launch.open.RDONLY | launch.open.CLOEXEC, 0], { to: fd }),
        ]),
      );
      fds.push(fd);
      message.push([
        CriuOption.INHERIT,
        [
          [InheritField.KEY, externalNamespaces[type]],
          [InheritField.FD, { fd }],
        ],
      ]);
    } else if (type === 'ipc' || type === 'uts' || type === 'time')
      message.push([
        CriuOption.JOIN_NS,
        [
          [JoinField.NAMESPACE, type],
          [JoinField.FILE, path],
        ],
      ]);
  }
  return { open, fds, message };
}

/** The directories of the container. */
function ownCgroups(
  { directories }: NewGroups,
  id: string,
): readonly (OwnCgroup & { readonly root: Message })[] {
  return directories.map(({ version, hierarchy, pathOf }) => {
    const path = pathOf(id);
    return {
      version,
      mount: hierarchy.mount,
      path,
      // In the place of those that the container had.
      root: [
        ...(version === 1 ? [[CgroupRootField.CONTROLLER, hierarchy.controllers.join(',')] as const] : []),
        [CgroupRootField.PATH, path.slice(hierarchy.mount.length)],
      ],
    };
  });
}

/**
 * A mount namespace of CRIU's own, which ends with it. The bundle's root is mounted on itself there, since CRIU wants a mount for it; so is what will be bound, since CRIU takes
 * from the top of a mount how mounts reach it from the host. And where the images and the log are is looked up there, since CRIU mounts something beside its log. Hooks and all
 * else are this command's: it goes back, also when something fails, since nobody can remove there what is mounted on.
 */
interface OwnMounts {
  readonly enter: Action;
  readonly bind: readonly Action[];
  readonly leave: Action;
}

function ownMounts(
  { open }: Launch,
  root: string,
  sources: readonly string[],
  /** Opened in it. */
  held: Slot,
): OwnMounts {
  const because = rule('restore');
  const host = slot('host_mounts', -1);
  const here = slot('host_directory', -1);
  const opened = (path: string, flags: number, to: Slot) =>
    sys('openat', [AT_FDCWD, text(path), flags | open.CLOEXEC, 0], { to });
  const back = [sys('setns', [host, Clone.NEWNS]), sys('fchdir', [here])];
  return {
    enter: operation(
      { kind: 'enter-mounts-of-criu', because },
      [
        opened('/proc/self/ns/mnt', open.RDONLY, host),
        opened('.', open.PATH | open.DIRECTORY, here),
        sys('unshare', [Clone.NEWNS]),
        propagateRoot(Propagation.SLAVE, true),
      ],
      { undo: when(host, 'GE', 0, back) },
    ),
    bind: [root, ...sources].map(path => {
      const place = slot('criu_place', -1);
      const mount = slot('criu_mount');
      return operation({ kind: 'mount-for-criu', path, because }, [
        opened(path, open.PATH, place),
        cloneTree(place, path !== root, mount),
        attach(mount, place),
        sys('close', [mount]),
        sys('close', [place]),
      ]);
    }),
    leave: operation({ kind: 'leave-mounts-of-criu', because }, [
      ...back,
      ...[host, here, held].map(fd => sys('close', [fd])),
      move(host, -1),
    ]),
  };
}

/** The restored process by a descriptor; from here on it is taken back if something fails. */
function holdRestored({ cells }: Launch): Action {
  return operation({ kind: 'hold-restored', because: rule('restore') }, [
    sys('pidfd_open', [cells.pid, 0], { to: cells.pidfd }),
  ]);
}

/**
 * What CRIU has begun: it kills that itself when it fails, but not when it is killed. Its other processes are in the cgroups, and do not
 * end with the pid namespace of the container; if one of them stays, so does the state directory, for `delete --force`.
 */
const endRestored = ({ cells }: Launch, { killAll }: NewGroups): readonly Line[] => [
  ...when(cells.pidfd, 'GE', 0, [
    ...ignoring(['ESRCH'], ended => [sys('pidfd_send_signal', [cells.pidfd, SIGKILL, 0, 0], ended)]),
    ...ignoring(['ETIMEDOUT', 'ECHILD'], lost => [
      waitReap(cells.pidfd, 10_000, { to: cells.result, ...lost }),
    ]),
  ]),
  ...(killAll === null ? [] : [call(killAll.kill), ...when(killAll.left, 'NE', 0, [move(cells.removed, 1)])]),
];

function workerOf(launch: Launch, { asked }: RestoreInput, given: readonly Slot[]): Worker {
  const { cells, open } = launch;
  return criuWorker({
    task: 'restore',
    program: asked.program,
    log: `${asked.work}/${logFiles.restore}`,
    open,
    interrupts: cells.interrupts,
    given,
    pid: cells.pid,
    console: cells.consoleFd,
  });
}

/** The hooks of a container that is made; those inside it ran before it was saved. */
function hooksOf(launch: Launch) {
  const { id, environ, interrupts, pid } = launch.cells;
  const context = hookContext(launch, { id, environ, pid }, { who: 'command', interrupts });
  const { prestart, createRuntime, poststop } = launch.config.hooks;
  const before = [
    hookActions(context, 'prestart', prestart, 'creating'),
    hookActions(context, 'createRuntime', createRuntime, 'creating'),
  ];
  const opening = letOthersIn(launch);
  const hooks = before.flatMap(({ actions }) => actions);
  return {
    before: hooks.length > 0 ? [opening.begin, ...hooks, opening.end] : [],
    stopped: hookActions(context, 'poststop', poststop, 'stopped', { tolerant: true }),
    tracks: before.flatMap(({ tracks }) => tracks),
  };
}

function terminalOf(launch: Launch): {
  readonly before: readonly Action[];
  readonly after: readonly Action[];
} {
  const { cells, process, options } = launch;
  if (!process.terminal) return { before: [], after: [] };
  const because = launch.because('process', 'terminal');
  if (options.console !== true) return { before: [needTerminal(because)], after: [] };
  const socket = slot('console_socket_fd', -1);
  return {
    before: [connectConsole(cells.consoleSocket, socket, rule('--console-socket'))],
    after: [sendMaster({ master: cells.consoleFd, slave: cells.consoleFd }, socket, because)],
  };
}

interface Parts {
  readonly opening: readonly Action[];
  readonly worker: Worker;
  readonly mounts: OwnMounts;
  readonly mountPoints: readonly Action[];
  /** Before anything is made. */
  readonly replacements: readonly Action[];
  readonly request: Message;
}

function partsOf(launch: Launch, cgroups: NewGroups, input: RestoreInput): Parts {
  const { actions: opening, directories } = openDirectories(launch.open, input.asked, 'restore');
  const streams = replacedStreams(input);
  const namespaces = replacedNamespaces(launch);
  const own = ownCgroups(cgroups, input.id);
  const { external, sources } = restoredMounts(launch.config, launch.options.bundle, own);
  const inside = slot('mount_points', -1);
  return {
    opening,
    worker: workerOf(launch, input, [...streams.fds, ...namespaces.fds]),
    mounts: ownMounts(launch, input.root, sources, inside),
    mountPoints: makeMountPoints(launch, input.root, inside),
    replacements: [...streams.open, ...namespaces.open],
    request: restoreOptions(input.asked, directories, {
      root: input.root,
      terminal: launch.process.terminal,
      external,
      replaced: [
        ...streams.message,
        ...namespaces.message,
        ...own.map(({ root }) => [CriuOption.CGROUP_ROOT, root] as const),
      ],
    }),
  };
}

function programOf(launch: Launch, cgroups: NewGroups, input: RestoreInput): Program {
  const { cells, options } = launch;
  const rootFd = slot('state_root', -1);
  const { opening, worker, mounts, mountPoints, replacements, request } = partsOf(launch, cgroups, input);
  const hooks = hooksOf(launch);
  const terminal = terminalOf(launch);
  const foreground = foregroundInLaunch(launch, rootFd, cgroups.remove()).host ?? {};
  const stays = options.detach !== true;
  const maker = cgroups.adoptMaker(worker.processId);
  // It has a copy of the lock, which must end with the command.
  const entering = [worker.awaitTurn([sys('close', [cells.stateFd]), ...cgroups.letGo]), ...cgroups.enter];
  const actions: readonly Action[] = [
    guardKernel(),
    sweepDescriptors(launch),
    ...replacements,
    ...openStateRoot(launch, rootFd),
    ...cgroups.check,
    ...terminal.before,
    holdInterrupts(cells.interrupts),
    ...makeStateDirectory(launch, rootFd, encode(compileLifecycle(launch)), hooks.stopped.calls),
    ...cgroups.make,
    ...(stays ? [holdSignals(rule('restore forwards them'))] : []),
    mounts.enter,
    worker.start(cgroups.birth, endRestored(launch, cgroups)),
    ...maker.adopt,
    ...mounts.bind,
    ...mountPoints,
    ...opening,
    mounts.leave,
    worker.giveTurn,
    worker.ask(CriuRequest.RESTORE, request),
    worker.expect(CriuNotice.NAMESPACES),
    holdRestored(launch),
    recordInit(launch, cgroups.record),
    ...hooks.before,
    worker.goOn,
    worker.expect(CriuNotice.RESTORED),
    ...maker.limit,
    ...terminal.after,
    worker.goOn,
    worker.expect(null),
    worker.end,
    pidFile(launch),
    ...(foreground.foreground ?? []),
    ...(stays ? hooks.stopped.actions : []),
    ...(foreground.end ?? []),
  ];
  const host: Track = { name: 'run', actions, failed: [exitReporting(1)] };
  return {
    arch: launch.facts.arch,
    joins: false,
    tracks: [host, worker.track(entering), ...hooks.tracks, ...hooks.stopped.tracks],
    entries: [{ entry: 'run', track: 'run' }],
    parameters: parametersOf(launch),
  };
}

function parametersOf({ cells }: Launch): ReadonlyMap<ParameterName, Slot> {
  return new Map([
    ['ID', cells.id],
    ['ROOT', cells.root],
    ['STATE_DIR', cells.stateDir],
    ['PID_FILE', cells.pidFile],
    ['CONSOLE_SOCKET', cells.consoleSocket],
    ['PRESERVE_FDS', cells.preserveFds],
    ['ENVIRON', cells.environ],
  ]);
}

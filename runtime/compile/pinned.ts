/**
 * The back end `pinned` (design.md section 5): init enters a mount namespace that `tree prepare` put together. Without mounts of its own it stays
 * there and makes none; else it takes a copy, which stays slave, and mounts in that.
 */

import type { Environment, Pin } from '../../spec/environment.js';
import { errnos } from '../../spec/errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  Clone,
  LOCK_NB,
  MountAttr,
  Propagation,
  STATX_BASIC,
  Statx,
} from '../../spec/kernel.js';
import { type Action, action } from '../program/action.js';
import { buffer, label, type Slot, slot, struct, text, u64 } from '../program/operand.js';
import { fail, guard, jump, type Line, load, resolve, sys } from '../program/step.js';
import type { BackEnd } from './back-end.js';
import { deviceActions } from './devices.js';
import { createProver, judgeMounts, type Verdict } from './elision.js';
import { announce, becauseOf, uncoverPoints } from './environment-mounts.js';
import { type Launch, rule } from './launch.js';
import { maskedPaths, readonlyPaths } from './masks.js';
import { setAttributes } from './mount-steps.js';
import { mountActions } from './mounts.js';
import { ordinary, type Placement } from './placement.js';
import { type RootActions, type RootInput, refuseMounts, terminalActions } from './private.js';
import type { Refuse } from './refusal.js';
import { makeWorkingDirectory, propagations } from './root.js';

const LOCK_SH = 1;
const LOCK_UN = 8;
/** struct statx: stx_mtime */
const MTIME = { SECONDS: 112, NANOSECONDS: 120 } as const;

interface Cells {
  readonly pin: Slot;
  readonly record: Slot;
  readonly host: Slot;
  readonly copy: Slot;
}

/** Why the launch needs a mount namespace of its own; null if it can stay in that of the environment, where nothing may ever be mounted. */
export function whyOwnCopy(launch: Launch, verdicts: readonly Verdict[]): string | null {
  const { config, process } = launch;
  if (launch.namespaces.has('mount')) return 'config.json asks for a mount namespace';
  const left = verdicts.findIndex(verdict => verdict.kind === 'mounted');
  if (left >= 0) return `mounts[${left}] remains`;
  if ((config.linux?.maskedPaths ?? []).length > 0) return 'paths are masked';
  if ((config.linux?.readonlyPaths ?? []).length > 0) return 'paths are read-only';
  if ((config.linux?.devices ?? []).length > 0) return 'devices are asked for';
  if (config.root.readonly === true) return 'the root is read-only';
  const { bounding = [], permitted = [], effective = [] } = process.capabilities ?? {};
  if ([...bounding, ...permitted, ...effective].some(name => name.toUpperCase() === 'CAP_SYS_ADMIN'))
    return 'CAP_SYS_ADMIN could unmount what others see';
  return null;
}

/** Is this still the host, and is the generation still the one that was compiled for? */
function openEnvironment(launch: Launch, environment: Environment, pin: Pin, c: Cells): readonly Action[] {
  const { open } = launch;
  const stat = buffer('pin_stat', 256);
  const value = slot('pin_value');
  const closed = label('generation_closed');
  const opened = label('generation_open');
  const { ESTALE, EXDEV } = { ESTALE: errnos.ESTALE.number, EXDEV: errnos.EXDEV.number };
  const same = (width: 'U32' | 'U64', at: number, expected: number, errno: number): readonly Line[] => [
    load(value, width, stat, at),
    guard(value, 'EQ', expected, errno),
  ];
  return [
    action(
      {
        title: `see the host as ${pin.name} was prepared`,
        because: rule('another mount namespace would lose its view'),
        words: [
          `start in ${pin.name}: this mount namespace or root is not the one from which it was prepared; compile again`,
        ],
      },
      [
        sys('statx', [AT_FDCWD, text('/proc/self/ns/mnt'), 0, STATX_BASIC, stat]),
        ...same('U64', Statx.INO, pin.host.namespace, EXDEV),
        sys('statx', [AT_FDCWD, text('/'), 0, STATX_BASIC, stat]),
        ...same('U64', Statx.INO, pin.host.root.inode, EXDEV),
        ...same('U32', Statx.DEV_MAJOR, pin.host.root.major, EXDEV),
        ...same('U32', Statx.DEV_MINOR, pin.host.root.minor, EXDEV),
      ],
    ),
    action(
      {
        title: `open ${pin.name}`,
        because: becauseOf(environment),
        words: [
          `start in ${pin.name}: it was released or prepared anew; compile again (chos-runtime tree show ${environment.tree})`,
        ],
      },
      [
        sys('openat', [AT_FDCWD, text(pin.record), open.RDONLY | open.NOFOLLOW | open.CLOEXEC, 0], {
          to: c.record,
        }),
        sys('flock', [c.record, LOCK_SH | LOCK_NB], { on: [['EAGAIN'], closed] }),
        jump(opened),
        closed,
        fail(ESTALE),
        opened,
        sys('statx', [c.record, text(''), AT_EMPTY_PATH, STATX_BASIC, stat]),
        ...same('U64', MTIME.SECONDS, pin.stamp.seconds, ESTALE),
        ...same('U32', MTIME.NANOSECONDS, pin.stamp.nanoseconds, ESTALE),
        sys('openat', [AT_FDCWD, text(pin.path), open.RDONLY | open.NOFOLLOW | open.CLOEXEC, 0], {
          to: c.pin,
        }),
        sys('statx', [c.pin, text(''), AT_EMPTY_PATH, STATX_BASIC, stat]),
        ...same('U64', Statx.INO, pin.inode, ESTALE),
      ],
    ),
  ];
}

/** Into the environment itself, keeping a way back to the host for the sources of binds. */
function join(launch: Launch, pin: Pin, c: Cells): Action {
  const { open } = launch;
  return action({ title: `enter ${pin.name}`, because: rule('pinned') }, [
    sys('openat', [AT_FDCWD, text('/proc/self/ns/mnt'), open.RDONLY | open.CLOEXEC, 0], { to: c.host }),
    sys('setns', [c.pin, Clone.NEWNS]),
  ]);
}

function enter(launch: Launch, pin: Pin, c: Cells, copyBecause: string | null): Action {
  const { open, cells } = launch;
  const self = text('/proc/self/ns/mnt');
  const read = open.RDONLY | open.CLOEXEC;
  const title =
    copyBecause === null
      ? `enter ${pin.name}, without a mount`
      : `take a copy of ${pin.name}, because ${copyBecause}`;
  return action({ title, because: rule('pinned') }, [
    ...(copyBecause === null
      ? [sys('setns', [c.pin, Clone.NEWNS])]
      : [sys('unshare', [Clone.NEWNS]), sys('openat', [AT_FDCWD, self, read, 0], { to: c.copy })]),
    sys('close', [c.pin]),
    sys('close', [c.record]),
    sys('openat', [AT_FDCWD, text('/'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: cells.rootFd }),
  ]);
}

/** Rule 5: the copy stays slave. What config.json asks for is obeyed, and explain says what it costs. */
function propagation(launch: Launch, when: 'first' | 'last'): readonly Action[] {
  const asked = launch.config.linux?.rootfsPropagation;
  const wanted = asked === undefined ? undefined : propagations[asked];
  if (wanted === undefined || wanted[0] === Propagation.SLAVE) return [];
  if ((wanted[0] === Propagation.PRIVATE) !== (when === 'first')) return [];
  const cost =
    wanted[0] === Propagation.PRIVATE ? ': what the host mounts later will not show up, nor autofs work' : '';
  return [
    action(
      { title: `make the root ${asked}${cost}`, because: launch.because('linux', 'rootfsPropagation') },
      [
        sys('mount_setattr', [
          AT_FDCWD,
          text('/'),
          wanted[1] ? AT_RECURSIVE : 0,
          struct('mount_attr', [u64(0), u64(0), u64(wanted[0]), u64(0)], true),
          32,
        ]),
      ],
    ),
  ];
}

/** The root itself, and the tree's directories where the root is a skeleton; shares keep what they have. */
function readonlyTree(launch: Launch, pin: Pin): readonly Action[] {
  if (launch.config.root.readonly !== true) return [];
  const fd = slot('readonly_tree');
  const places = pin.treeMounts.filter(path => path !== '/');
  return [
    action({ title: 'make the root read-only', because: launch.because('root', 'readonly') }, [
      setAttributes(launch.cells.rootFd, MountAttr.RDONLY, 0, 0, false),
      ...places.flatMap(path => [
        resolve({ root: launch.cells.rootFd, path: text(path), how: 'NOFOLLOW' }, { to: fd }),
        setAttributes(fd, MountAttr.RDONLY, 0, 0, false),
        sys('close', [fd]),
      ]),
    ]),
  ];
}

function leave(launch: Launch, fds: readonly Slot[]): Action {
  return action({ title: 'go to "/"', because: rule('the root of the environment') }, [
    sys('chdir', [text('/')]),
    ...[launch.cells.rootFd, ...fds].map(fd => sys('close', [fd])),
  ]);
}

function placementOf(
  launch: Launch,
  environment: Environment,
  pin: Pin,
  c: Cells,
  elided: Placement['elided'],
): Placement {
  const mounts = launch.config.mounts ?? [];
  return {
    entered: true,
    hostDevices: environment.hostView.includes('/dev'),
    elided,
    annotations: { 'org.chos.environment': pin.name, 'org.chos.elided': String(elided.size) },
    // Back to the host for the length of one call: cheaper than a descriptor for each source, of which a process may have too few.
    openSource: (path, flags, to) => [
      sys('setns', [c.host, Clone.NEWNS]),
      ...ordinary.openSource(path, flags, to),
      sys('setns', [c.copy, Clone.NEWNS]),
      sys('mount_setattr', [
        to,
        text(''),
        AT_EMPTY_PATH | (flags & AT_RECURSIVE),
        struct('mount_attr', [u64(0), u64(0), u64(Propagation.SLAVE), u64(0)], true),
        32,
      ]),
    ],
    uncover: (m, index) => uncoverPoints(environment, m, mounts.slice(0, index)),
  };
}

export function pinnedBackEnd(given: Launch, environment: Environment, pin: Pin): BackEnd {
  const c: Cells = {
    pin: slot('pin_fd', -1),
    record: slot('pin_record', -1),
    host: slot('host_mounts', -1),
    copy: slot('own_mounts', -1),
  };
  const verdicts = judgeMounts(given, environment, pin);
  const copyBecause = whyOwnCopy(given, verdicts);
  const prover = createProver(given, environment);
  const elided = new Map<number, readonly Action[]>();
  const sources: Action[] = [];
  const shared: Action[] = [];
  verdicts.forEach((verdict, index) => {
    if (verdict.kind === 'mounted') return;
    elided.set(index, prover.destination(index, verdict, copyBecause !== null));
    if (copyBecause !== null) shared.push(...prover.shared(index, verdict));
    sources.push(...prover.source(index, verdict));
  });
  const launch: Launch = { ...given, placement: placementOf(given, environment, pin, c, elided) };
  return {
    launch,
    open: [...announce(launch), ...openEnvironment(launch, environment, pin, c)],
    settled: [
      action({ title: `let go of ${pin.name}`, because: rule('init is in it') }, [
        sys('flock', [c.record, LOCK_UN]),
        sys('close', [c.record]),
        sys('close', [c.pin]),
      ]),
    ],
    prepareRoot: (input, refuse) =>
      prepareRoot(launch, input, refuse, {
        enter: [
          ...sources,
          ...(copyBecause === null ? [] : [join(launch, pin, c), ...shared]),
          enter(launch, pin, c, copyBecause),
        ],
        own: copyBecause !== null,
        readonly: readonlyTree(launch, pin),
        leave: leave(launch, copyBecause === null ? [] : [c.host, c.copy]),
      }),
  };
}

interface Ways {
  readonly enter: readonly Action[];
  readonly own: boolean;
  readonly readonly: readonly Action[];
  readonly leave: Action;
}

function prepareRoot(launch: Launch, input: RootInput, refuse: Refuse, ways: Ways): RootActions {
  const { options, process } = launch;
  const consoleSocket = slot('console_socket_fd', -1);
  const foregroundTerminal = process.terminal === true && !options.console;
  const terminal = terminalActions(launch, consoleSocket);
  refuseMounts(launch, refuse);
  const after = [ways.leave, ...terminal.afterPivot, ...input.afterPivot];
  if (!ways.own)
    return {
      actions: [
        ...ways.enter,
        ...[...launch.placement.elided.values()].flat(),
        ...input.beforePivot,
        makeWorkingDirectory(launch),
        ...terminal.beforePivot,
        ...input.openProc,
        ...after,
      ],
      consoleSocket,
      foregroundTerminal,
    };
  const mounts = mountActions(launch);
  return {
    actions: [
      ...ways.enter,
      ...propagation(launch, 'first'),
      ...mounts.actions,
      ...deviceActions(launch).actions,
      ...terminal.beforePivot,
      ...input.beforePivot,
      makeWorkingDirectory(launch),
      ...maskedPaths(launch),
      ...readonlyPaths(launch),
      ...mounts.seal,
      ...ways.readonly,
      ...propagation(launch, 'last'),
      ...input.openProc,
      ...after,
    ],
    consoleSocket,
    foregroundTerminal,
  };
}

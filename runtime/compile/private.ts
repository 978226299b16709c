/**
 * The back end `private`: ordinary OCI mounts in a mount namespace of the container's own, as crun and runc do.
 */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  S_IFCHR,
  S_IFMT,
  STATX_BASIC,
  Statx,
} from '../../spec/kernel.js';
import { type Action, action } from '../program/action.js';
import { buffer, label, type Operand, ref, type Slot, slot, struct, text, u32 } from '../program/operand.js';
import { alu, branch, call, type Line, load, move, send, store, subroutine, sys } from '../program/step.js';
import { deviceActions } from './devices.js';
import { hasMountNamespace, type Launch, rule } from './launch.js';
import { maskedPaths, readonlyPaths } from './masks.js';
import { mountActions, refusedMounts } from './mounts.js';
import type { Refuse } from './refusal.js';
import {
  chrootInto,
  chrootOnly,
  makeWorkingDirectory,
  mountRoot,
  pivot,
  readonlyRoot,
  separate,
} from './root.js';
import { bindConsole, openPty, sendMaster, takeTerminal } from './terminal.js';

export interface RootInput {
  /** Hooks that need the host's paths. */
  readonly beforePivot: readonly Action[];
  readonly openProc: readonly Action[];
  readonly afterPivot: readonly Action[];
  /** What the environment shows besides the tree. */
  readonly shown?: readonly Action[];
}

export interface RootActions {
  readonly actions: readonly Action[];
  /** The host's connection to --console-socket. */
  readonly consoleSocket: Slot;
  /** Init sends a terminal over the channel. */
  readonly foregroundTerminal: boolean;
}

/** The null device that the caller had open on 0-2 is the host's: the container's own takes its place. */
function ownNull(launch: Launch): Action {
  const { open } = launch;
  const stat = buffer('null_stat', 256);
  const value = slot('null_value');
  const fd = slot('null_own', -1);
  const number = slot('null_stream');
  const [from, path, flags, isNull] = [
    slot('null_from'),
    slot('null_path'),
    slot('null_flags'),
    slot('is_null'),
  ];
  const other = label('null_other');
  const look = subroutine('is_it_null', [
    move(isNull, 0),
    sys('statx', [from, ref(path), flags, STATX_BASIC, stat], {
      on: [['EBADF', 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'], other],
    }),
    load(value, 'U16', stat, Statx.MODE),
    alu(value, value, 'AND', S_IFMT),
    branch(value, 'NE', S_IFCHR, other),
    load(value, 'U32', stat, Statx.RDEV_MAJOR),
    branch(value, 'NE', 1, other),
    load(value, 'U32', stat, Statx.RDEV_MINOR),
    branch(value, 'NE', 3, other),
    move(isNull, 1),
    other,
  ]);
  const isItNull = (dir: Operand, name: string, at: number): readonly Line[] => [
    move(from, dir),
    move(path, text(name)),
    move(flags, at),
    call(look),
  ];
  const [again, next, opened, done] = [
    label('null_again'),
    label('null_next'),
    label('null_opened'),
    label('null_done'),
  ];
  return action({ title: 'use the /dev/null of the container', because: rule('standard streams') }, [
    again,
    ...isItNull(number, '', AT_EMPTY_PATH),
    branch(isNull, 'EQ', 0, next),
    branch(fd, 'GE', 0, opened),
    // A root file system may bring its own idea of /dev/null: another device must not even be opened, by us with all our rights.
    ...isItNull(AT_FDCWD, '/dev/null', AT_SYMLINK_NOFOLLOW),
    branch(isNull, 'EQ', 0, done),
    sys('openat', [AT_FDCWD, text('/dev/null'), open.RDWR | open.CLOEXEC | open.NOFOLLOW, 0], {
      to: fd,
      on: [['ENOENT', 'ENOTDIR', 'EACCES', 'ENXIO', 'ELOOP'], done],
    }),
    ...isItNull(fd, '', AT_EMPTY_PATH),
    branch(isNull, 'EQ', 0, done),
    opened,
    sys('dup3', [fd, number, 0]),
    next,
    alu(number, number, 'ADD', 1),
    branch(number, 'LE', 2, again),
    done,
    move(value, 0),
  ]);
}

export function terminalActions(
  launch: Launch,
  consoleSocket: Slot,
): { readonly beforePivot: readonly Action[]; readonly afterPivot: readonly Action[] } {
  const { process, cells, options } = launch;
  if (process.terminal !== true) return { beforePivot: [], afterPivot: [ownNull(launch)] };
  const because = launch.because('process', 'terminal');
  const { pty, action: open } = openPty(launch, cells.rootFd, process, because);
  const fds = struct('terminal_fds', [u32(0), u32(0)]);
  const deliver = options.console
    ? sendMaster(pty, consoleSocket, because)
    : action({ title: 'send the terminal to the foreground', because }, [
        store('U32', fds, 0, pty.master),
        send(cells.initEnd, text('t'), 1, { array: fds, count: 1 }),
        sys('close', [pty.master]),
      ]);
  return {
    beforePivot: [open, ...(hasMountNamespace(launch) ? [bindConsole(launch, pty, because)] : []), deliver],
    afterPivot: [takeTerminal(pty, because, process.user?.uid ?? 0)],
  };
}

/** Mounts that no back end makes. */
export function refuseMounts(launch: Launch, refuse: Refuse): void {
  for (const r of refusedMounts(launch.config.mounts ?? [])) {
    const because = launch.because('mounts', r.index);
    if (r.why === 'inside-proc') refuse(because, { kind: 'mount-inside-proc', destination: r.what });
    else if (r.why === 'no-source') refuse(because, { kind: 'mount-without-source', destination: r.what });
    else refuse(because, { kind: 'bind-with-data', options: r.what });
  }
}

export function prepareRoot(launch: Launch, input: RootInput, refuse: Refuse): RootActions {
  const { options, process, config } = launch;
  const consoleSocket = slot('console_socket_fd', -1);
  const foregroundTerminal = process.terminal === true && !options.console;
  const terminal = terminalActions(launch, consoleSocket);
  refuseMounts(launch, refuse);
  if (!hasMountNamespace(launch)) {
    if ((config.mounts ?? []).length > 0)
      refuse(launch.because('mounts'), { kind: 'needs-mount-namespace', property: 'mounts' });
    if (config.root.readonly === true)
      refuse(launch.because('root', 'readonly'), {
        kind: 'needs-mount-namespace',
        property: 'root.readonly',
      });
    const propagation: string = config.linux?.rootfsPropagation ?? '';
    if (propagation !== '')
      refuse(launch.because('linux', 'rootfsPropagation'), {
        kind: 'needs-mount-namespace',
        property: 'linux.rootfsPropagation',
      });
    if ((config.linux?.devices ?? []).length > 0)
      refuse(launch.because('linux', 'devices'), { kind: 'needs-mount-namespace', property: 'devices' });
    return {
      actions: [
        ...chrootOnly(launch),
        ...input.beforePivot,
        makeWorkingDirectory(launch),
        ...terminal.beforePivot,
        ...input.openProc,
        ...chrootInto(launch),
        ...terminal.afterPivot,
        ...input.afterPivot,
      ],
      consoleSocket,
      foregroundTerminal,
    };
  }
  const mounts = mountActions(launch);
  return {
    actions: [
      separate(launch),
      mountRoot(launch),
      ...(input.shown ?? []),
      ...mounts.actions,
      ...deviceActions(launch).actions,
      ...terminal.beforePivot,
      ...input.beforePivot,
      makeWorkingDirectory(launch),
      ...maskedPaths(launch),
      ...readonlyPaths(launch),
      ...mounts.seal,
      ...readonlyRoot(launch),
      ...input.openProc,
      ...pivot(launch),
      ...terminal.afterPivot,
      ...input.afterPivot,
    ],
    consoleSocket,
    foregroundTerminal,
  };
}

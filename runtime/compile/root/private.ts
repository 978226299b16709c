import { isWithin } from '../../../spec/mount-map.js';
import type { Action } from '../../program/action.js';
import { type Slot, slot, struct, text, u32 } from '../../program/operand.js';
import { send, store, sys } from '../../program/step.js';
import type { CgroupDirectory } from '../cgroups/driver.js';
import { operation } from '../idioms/operation.js';
import { ifAsked, ifNotAsked } from '../launch/asked.js';
import { hasMountNamespace, type Launch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import { ownDevices } from '../process/own-devices.js';
import { createPlaces, type Places } from './destination.js';
import { deviceActions } from './devices.js';
import { coveredPaths } from './masks.js';
import { refuseLongMounts } from './mount-data.js';
import { fakesProc, mountActions } from './mounts.js';
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
  /** The directories of the container's cgroups. */
  readonly cgroups: readonly CgroupDirectory[];
  /** The root with what the environment shows in it, where that is not simply the root of config.json. */
  readonly root?: readonly Action[];
}

export interface RootActions {
  readonly actions: readonly Action[];
  /** The host's connection to --console-socket. */
  readonly consoleSocket: Slot;
  /** Init sends a terminal over the channel. */
  readonly foregroundTerminal: boolean;
}

export function terminalActions(
  launch: Launch,
  places: Places,
  consoleSocket: Slot,
): { readonly beforePivot: readonly Action[]; readonly afterPivot: readonly Action[] } {
  const { process, cells, options } = launch;
  if (!process.terminal) return { beforePivot: [], afterPivot: [ownDevices(launch)] };
  const because = launch.because('process', 'terminal');
  const { pty, action: open } = openPty(launch, cells.rootFd, process, because);
  const fds = struct('terminal_fds', [u32(0), u32(0)]);
  const toForeground = operation({ kind: 'send-terminal', to: 'foreground', because }, [
    store('U32', fds, 0, pty.master),
    send(cells.initEnd, text('t'), 1, { array: fds, count: 1 }),
    sys('close', [pty.master]),
  ]);
  const deliver = [
    ...ifAsked(options.console, cells.consoleSocket, [sendMaster(pty, consoleSocket, because)]),
    ...ifNotAsked(options.console, cells.consoleSocket, [toForeground]),
  ];
  return {
    beforePivot: [
      open,
      ...(hasMountNamespace(launch) ? [bindConsole(places, pty, because)] : []),
      ...deliver,
    ],
    afterPivot: [takeTerminal(pty, because, process.user.uid)],
  };
}

/** Mounts, and devices, that no back end makes. */
export function refuseMounts(launch: Launch, refuse: Refuse): void {
  const places = ['/dev', ...launch.config.mounts.map(m => m.place)];
  if ((launch.environment?.hostView ?? []).length > 0)
    for (const { place: path, index } of launch.config.linux.devices)
      if (!places.some(place => place !== '/' && isWithin(path, place)))
        refuse(launch.because('linux', 'devices', index), { kind: 'device-in-tree', path });
  for (const [index, m] of launch.config.mounts.entries())
    if (fakesProc(m))
      refuse(launch.because('mounts', index), { kind: 'mount-inside-proc', destination: m.place });
  refuseLongMounts(launch, refuse);
}

export function prepareRoot(launch: Launch, input: RootInput, refuse: Refuse): RootActions {
  const { options, process, config } = launch;
  const consoleSocket = slot('console_socket_fd', -1);
  const foregroundTerminal = process.terminal && options.console !== true;
  const places = createPlaces(launch);
  const terminal = terminalActions(launch, places, consoleSocket);
  refuseMounts(launch, refuse);
  if (!hasMountNamespace(launch)) {
    if (config.mounts.length > 0)
      refuse(launch.because('mounts'), { kind: 'needs-mount-namespace', property: 'mounts' });
    if (config.root.readonly)
      refuse(launch.because('root', 'readonly'), {
        kind: 'needs-mount-namespace',
        property: 'root.readonly',
      });
    if (config.linux.rootfsPropagation !== null)
      refuse(launch.because('linux', 'rootfsPropagation'), {
        kind: 'needs-mount-namespace',
        property: 'linux.rootfsPropagation',
      });
    if (config.linux.devices.length > 0)
      refuse(launch.because('linux', 'devices'), { kind: 'needs-mount-namespace', property: 'devices' });
    return {
      actions: [
        ...chrootOnly(launch),
        ...terminal.beforePivot,
        ...input.beforePivot,
        ...makeWorkingDirectory(launch),
        ...input.openProc,
        ...chrootInto(launch),
        ...terminal.afterPivot,
        ...input.afterPivot,
      ],
      consoleSocket,
      foregroundTerminal,
    };
  }
  const mounts = mountActions(launch, places, input.cgroups);
  const devices = deviceActions(launch, places);
  return {
    actions: [
      ...mounts.shared,
      separate(launch),
      ...(input.root ?? [mountRoot(launch)]),
      ...mounts.actions,
      ...devices.actions,
      ...terminal.beforePivot,
      ...input.beforePivot,
      ...makeWorkingDirectory(launch),
      ...coveredPaths(launch, places, devices.dev),
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

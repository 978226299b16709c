/** Options of CRIU's, as a message. */
import {
  type CgroupMode,
  CriuOption,
  cgroupModes,
  type EmptyNamespace,
  emptyNamespaces,
  type NetworkLock,
  networkLocks,
  PageServerField,
  type SharedFlag,
  sharedFlags,
} from '../../../spec/criu.js';
import type { Slot } from '../../program/operand.js';
import type { Message } from './message.js';

/** What the command line asks for, in both directions. */
export interface CriuAsked {
  /** The executable. */
  readonly program: string;
  /** Absolute. */
  readonly images: string;
  readonly work: string;
  readonly flags: readonly SharedFlag[];
  readonly cgroupMode: CgroupMode;
  readonly emptyNamespaces: readonly EmptyNamespace[];
}

export interface CheckpointAsked extends CriuAsked {
  readonly leaveRunning: boolean;
  readonly preDump: boolean;
  /** Relative to the images. */
  readonly parent: string | null;
  readonly pageServer: { readonly address: string; readonly port: number } | null;
  readonly statusFd: number | null;
  readonly networkLock: NetworkLock | null;
}

export interface RestoreAsked extends CriuAsked {
  readonly tcpClose: boolean;
  readonly lsmProfile: string | null;
  readonly lsmMountContext: string | null;
  /** Of STREAMS_FILE, in their order. */
  readonly streams: readonly string[];
}

/** An option that is left out is at CRIU's default. */
const given = (field: number, value: string | number | null): Message =>
  value === null ? [] : [[field, value]];
const flag = (field: number, set: boolean): Message => (set ? [[field, true]] : []);

/** Everything that is not about one process. */
const LOG_LEVEL = 4;

function shared(asked: CriuAsked, images: Slot, work: Slot, log: string): Message {
  const empty = asked.emptyNamespaces.reduce((set, name) => set | emptyNamespaces[name], 0);
  return [
    [CriuOption.IMAGES, { fd: images }],
    ...asked.flags.map(name => [sharedFlags[name], true] as const),
    [CriuOption.LOG_LEVEL, LOG_LEVEL],
    [CriuOption.LOG_FILE, log],
    [CriuOption.WORK, { fd: work }],
    [CriuOption.MANAGE_CGROUPS, true],
    [CriuOption.CGROUPS_MODE, cgroupModes[asked.cgroupMode]],
    ...given(CriuOption.EMPTY_NS, empty === 0 ? null : empty),
  ];
}

export interface Directories {
  readonly images: Slot;
  readonly work: Slot;
  /** Name of the log file. */
  readonly log: string;
}

export function checkpointOptions(
  asked: CheckpointAsked,
  { images, work, log }: Directories,
  container: {
    readonly pid: number;
    readonly terminal: boolean;
    readonly external: readonly string[];
    readonly freezer: string | null;
  },
): Message {
  const { pageServer, preDump, parent } = asked;
  return [
    ...shared(asked, images, work, log),
    [CriuOption.PID, container.pid],
    ...flag(CriuOption.LEAVE_RUNNING, asked.leaveRunning),
    ...(pageServer === null
      ? []
      : [
          [
            CriuOption.PAGE_SERVER,
            [
              [PageServerField.ADDRESS, pageServer.address],
              [PageServerField.PORT, pageServer.port],
            ],
          ] as const,
        ]),
    ...given(CriuOption.PARENT, parent),
    // Also of the first in a row: the next one asks what has changed since.
    ...flag(CriuOption.TRACK_MEM, preDump || parent !== null),
    ...container.external.map(one => [CriuOption.EXTERNAL, one] as const),
    ...given(CriuOption.FREEZE_CGROUP, container.freezer),
    ...given(CriuOption.STATUS_FD, asked.statusFd),
    ...flag(CriuOption.ORPHAN_PTS, container.terminal),
    ...given(CriuOption.NETWORK_LOCK, asked.networkLock === null ? null : networkLocks[asked.networkLock]),
  ];
}

export function restoreOptions(
  asked: RestoreAsked,
  { images, work, log }: Directories,
  container: {
    readonly root: string;
    readonly terminal: boolean;
    readonly external: readonly string[];
    /** What takes the place of names in the images: descriptors, cgroups, namespaces. */
    readonly replaced: Message;
  },
): Message {
  return [
    ...shared(asked, images, work, log),
    [CriuOption.NOTIFY_SCRIPTS, true],
    [CriuOption.ROOT, container.root],
    [CriuOption.SIBLING, true],
    ...container.replaced,
    ...container.external.map(one => [CriuOption.EXTERNAL, one] as const),
    ...flag(CriuOption.ORPHAN_PTS, container.terminal),
    ...flag(CriuOption.TCP_CLOSE, asked.tcpClose),
    ...given(CriuOption.LSM_PROFILE, asked.lsmProfile),
    ...given(CriuOption.LSM_MOUNT_CONTEXT, asked.lsmMountContext),
  ];
}

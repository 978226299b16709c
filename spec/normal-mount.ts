/** An entry of `mounts` in the normal form of a config.json: what it is has been decided, and its options have been read. */
import type { ContainerId, HostId } from './ids.js';
import type { HostPath, TreePath, TreePlace } from './paths.js';

/** Attributes as mount_setattr(2) has them (MountAttr of kernel.ts). The access time is a field: setting it clears all of it first. */
export interface AttributeChange {
  readonly set: number;
  readonly clear: number;
}

export type PropagationKind = 'shared' | 'slave' | 'private' | 'unbindable';

/** How mounts reach and leave a mount (mount_namespaces(7)). */
export interface NormalPropagation {
  readonly kind: PropagationKind;
  /** All that is mounted below as well. */
  readonly recursive: boolean;
}

/** For the file system: keys without a value are flags. */
export type MountData = readonly (readonly [key: string, value: string | null])[];

export interface NormalIdMapping {
  readonly container: ContainerId;
  readonly host: HostId;
  readonly size: number;
}

/** Which owners the files of a mount show: the `container` ids are those that the file system has stored, the `host` ones what they show as. */
export interface NormalIdMap {
  readonly uids: readonly NormalIdMapping[];
  readonly gids: readonly NormalIdMapping[];
  /** Of what is mounted below as well. */
  readonly recursive: boolean;
}

interface AnyMount {
  /** As it is written, for words and for whoever follows links. */
  readonly destination: TreePath;
  readonly place: TreePlace;
  /** As they are written, for words. */
  readonly options: readonly string[];
  /** Of the mount itself. */
  readonly own: AttributeChange;
  /** Of the mount and of all below it (`rro` and the like). */
  readonly recursive: AttributeChange;
  readonly propagation: NormalPropagation | null;
  readonly data: MountData;
  /** Null: files have the owners that they have. */
  readonly idMap: NormalIdMap | null;
}

/** Whether the last name of a path of a bind may be a symbolic link. */
export interface BindLinks {
  /** `itself`: the link is bound (`src-nofollow`); `copied`: one with the same target is made at the destination, and nothing mounted (`copy-symlink`). */
  readonly source: 'followed' | 'itself' | 'copied';
  /** `itself`: the link is covered (`dest-nofollow`). */
  readonly destination: 'followed' | 'itself';
}

/** A directory or file of the host, or of the container's own file systems, shown at another place. */
export interface BindMount extends AnyMount {
  readonly kind: 'bind';
  readonly source: HostPath;
  /** With what is mounted below the source. */
  readonly below: boolean;
  readonly links: BindLinks;
  /** tmpcopyup. */
  readonly copyUp: boolean;
  /** Options that nothing comes of: those of a file system, which is mounted already, and words that nobody knows. */
  readonly withoutEffect: readonly string[];
}

/** A mount that is there changes its attributes, and, unless it is of a bind, its file system changes its data. */
export interface Remount extends AnyMount {
  readonly kind: 'remount';
  /** `bind,remount`: the mount alone. */
  readonly bind: boolean;
  /** For words: what is written beside it. */
  readonly source: string;
  readonly type: string;
  readonly below: boolean;
  readonly withoutEffect: readonly string[];
}

/** The container's own cgroups, whichever version the entry names. */
export interface CgroupMount extends AnyMount {
  readonly kind: 'cgroup';
}

/** What a new file system takes over from the directory that it covers. */
export interface Inheritance {
  /** tmpcopyup: all that is in it. */
  readonly content: boolean;
  /** Null: the directory's. */
  readonly mode: number | null;
  readonly uid: ContainerId;
  readonly gid: ContainerId;
}

/** A mount of a file system of its own. */
export interface FilesystemMount extends AnyMount {
  readonly kind: 'filesystem';
  readonly type: string;
  /** As the file system takes it: a device, or any word. */
  readonly source: string;
  readonly inherits: Inheritance | null;
}

export type NormalMount = BindMount | Remount | CgroupMount | FilesystemMount;

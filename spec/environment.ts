/**
 * A tree with its shares, as runtime/trees hands it to the compiler.
 */
import type { NormalHooks } from './normal-config.js';

/** The tmpfs of the prepared generations and of the skeleton's record (runtime/trees/pins.ts tells what is in it). */
export const PINS = '/run/chos-trees';
/** Beside it, and kept when the last generation has gone: numbers that were given out, so that none comes back before a reboot. */
export const NUMBERS = `${PINS}.numbers`;
/** Beside it, for users, who can read nothing of root's: a copy of the skeleton's record, and what each generation is (identityLine). */
export const PUBLIC = `${PINS}.public`;
/** Sources of our own mounts, by which mountinfo tells them from others: the skeleton of all trees, and what carries it. */
export const SKELETON_SOURCE = 'chos-skeleton';
export const CARRIER_SOURCE = 'chos-carrier';

export interface Share {
  /** Host directory, or file, shown at the same path inside. */
  readonly path: string;
  /** Where it is on the host, if it is not there. */
  readonly from?: string;
  readonly readonly: boolean;
  /** It is no directory. */
  readonly file?: true;
}

/** What a generation was made of (runtime/trees/stale.ts). */
export interface TreeStamp {
  readonly directory: DirectoryFact;
  /** Directories of the tree whose entries were bound one by one, with the time of their last change in nanoseconds; null: not there. */
  readonly changed: Readonly<Record<string, string | null>>;
}

/** A share, and where it is: paths without symlinks, so that they can be opened without following any. */
export interface PlacedShare extends Share {
  /** On the host. */
  readonly source: string;
  /** Inside. */
  readonly place: string;
  /** Where it is registered, if that is not where the tree is. */
  readonly registered?: { readonly file: string; readonly line: number; readonly path: string };
  /** The feature that shows it; its path on the host and that inside are two. */
  readonly feature?: Pick<AddedFeature, 'name' | 'file' | 'line'>;
}

/** One line of mountinfo (proc_pid_mountinfo(5)), as far as elision asks. */
export interface MountFact {
  readonly id: number;
  /** What it is mounted on; the id of a mount that is not in the list, for the root. */
  readonly parent: number;
  /** Where it is mounted, as its namespace shows it. */
  readonly point: string;
  /** The directory of its file system that it shows. */
  readonly root: string;
  /** `major:minor` */
  readonly device: string;
  readonly type: string;
  /** MOUNT_ATTR_* of linux/mount.h. */
  readonly attributes: number;
  /** 0: not shared. */
  readonly peerGroup: number;
  /** The peer group that it receives mounts from; 0: none. */
  readonly master: number;
}

/** Which directory a path led to. */
export interface DirectoryFact {
  readonly major: number;
  readonly minor: number;
  readonly inode: number;
}

/** One prepared state of an environment: a mount namespace that a file keeps alive. */
export interface Pin {
  /** `debian12@7` */
  readonly name: string;
  /** The file on which the namespace is bound. */
  readonly path: string;
  /** What `prepare` wrote about it; it is gone once the generation is being released. */
  readonly record: string;
  readonly generation: number;
  /** Inode of the namespace. */
  readonly inode: number;
  /** When the record was written: tells it from one of the same name and inode after a reboot or a release. */
  readonly stamp: { readonly seconds: number; readonly nanoseconds: number };
  /** The mount namespace and root from which it was prepared: only from there is it used. */
  readonly host: { readonly namespace: number; readonly root: DirectoryFact };
  /** Paths inside at which mounts of the tree are: "/" alone, or those in a skeleton. */
  readonly treeMounts: readonly string[];
  /** The directory of the tree, by its path; null: none (the skeleton of all trees), or a generation of an earlier version. */
  readonly tree: { readonly path: string; readonly fact: DirectoryFact } | null;
  /** Its mounts as `prepare` left them; later only mounts below live shares come and go, as the host's do. */
  readonly mounts: readonly MountFact[];
  /** Ids of the host's mounts that came after it: nothing is known of what they are inside. */
  readonly late: readonly number[];
  /** No unique mount id (statx(2)) of `mounts` is above it, and those of what came later are. 0: a kernel without such ids. */
  readonly mark: number;
  /** A directory of the tree, by its path inside: a launch looks there whether it is in the namespace that the record is about. */
  readonly shows?: ShownDirectory | null;
}

export interface ShownDirectory {
  readonly path: string;
  readonly directory: DirectoryFact;
}

/** What the kernel's link needs: one skeleton for all trees, in which each process sees its own (kmod/, docs/kernel-link.md). */
export interface KernelLink {
  /** Text of the link: the tree's path, as it stands in the kernel's list. */
  readonly target: string;
  /** The directory to which it must lead inside. */
  readonly directory: DirectoryFact;
  readonly skeleton: {
    /** Where it is mounted on the host. */
    readonly path: string;
    readonly root: DirectoryFact;
    /** What `skeleton create` wrote, when, and where it was. */
    readonly record: string;
    /** That is the copy for users, which nobody locks. */
    readonly copied?: true;
    readonly stamp: Pin['stamp'];
    readonly host: Pin['host'];
    /** Its mounts on the host, by the path inside. */
    readonly mounts: readonly MountFact[];
  };
  /** A namespace that holds the skeleton and nothing else; null: none is pinned. */
  readonly pin: Pin | null;
}

/** A directory or file for good: inode numbers are given out again. `born`: nanoseconds, '0' where the file system does not say. */
export interface PathIdentity extends DirectoryFact {
  readonly born: string;
}

/** To where a path leads, without symlinks. */
export type FoundPath = DirectoryFact & { readonly path: string; readonly born?: string };

/** What a launch that enters a view has to know of the host at this moment. */
export interface HostSources {
  readonly mounts: readonly MountFact[];
  /** By the path that config.json names. */
  readonly directories: ReadonlyMap<string, FoundPath>;
  /** By the path of the share. */
  readonly shares: ReadonlyMap<string, FoundPath>;
}

/** A feature of the registry, whose files and devices are entries of config.json's lists behind those that it has itself: from `from`, before `to`. */
export interface AddedFeature {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly mounts: { readonly from: number; readonly to: number };
  readonly devices: { readonly from: number; readonly to: number };
  /** Names of those that it sets or prepends to. */
  readonly variables: readonly string[];
  /** Optional, and not on this host. */
  readonly leftOut: readonly string[];
}

export interface Environment {
  /** Registered name. */
  readonly tree: string;
  /** Absolute directory of the tree on the host, without symlinks. */
  readonly path: string;
  /** Nobody inside may write to the tree. */
  readonly readonly: boolean;
  /** Directories of the host's own view that it shows: /proc, /sys and /dev; none when root.path chose it. */
  readonly hostView: readonly string[];
  readonly shares: readonly PlacedShare[];
  readonly backEnd: 'kmod' | 'pinned' | 'private';
  /** Why that back end: shown by explain. */
  readonly reason: string;
  /** What caused the choice, e.g. "--tree", "annotation org.chos.tree". */
  readonly chosenBy: string;
  /** pinned: the prepared mount namespace. */
  readonly pin: Pin | null;
  /** private: what becomes the root; null: the tree as it is, in which mount points may be made (chosen by root.path). */
  readonly root?: PreparedRoot | null;
  /** kmod, pinned: what mounts need that the tree lacks. */
  readonly patches?: readonly TreePatch[];
  /** kmod: what the module and the skeleton offer. */
  readonly link?: KernelLink;
  readonly sources: HostSources;
  /** NAME=VALUE entries that the registry adds to the process's environment. */
  readonly variables: readonly string[];
  readonly features?: readonly AddedFeature[];
  /** Run before those of config.json. */
  readonly hooks?: NormalHooks;
  /** A bind that asks to be private is not left out where the environment shows a slave. */
  readonly strict?: boolean;
  /** Registry file and line, for explain. */
  readonly file: string;
  readonly line: number;
}

export type SkeletonEntry =
  | {
      readonly kind: 'directory';
      readonly path: string;
      readonly mode: number;
      /** As in the tree; root if not given. */
      readonly uid?: number;
      readonly gid?: number;
    }
  /** Empty: a place for a mount. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'bind'; readonly path: string; readonly directory: boolean };

/** The root of an environment: the tree, or a tmpfs with the tree's own directories bound into it. Paths are those inside. */
export type PreparedRoot =
  | { readonly kind: 'tree' }
  | { readonly kind: 'skeleton'; readonly why: string; readonly entries: readonly SkeletonEntry[] };

/** A directory of the tree that is covered in a launch's own copy, with all that is in it and places for mounts that it lacks. */
export interface TreePatch {
  /** Inside, without symlinks. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly why: string;
  /** By their paths in it. */
  readonly entries: readonly SkeletonEntry[];
}

/** What `tree prepare` is to put together. */
export interface Preparation {
  /** CPUs that there may be (/sys/devices/system/cpu/possible). */
  readonly cpus: number;
  readonly place: PinPlace;
  /** The caller is not in the mount namespace of process 1. */
  readonly enter: boolean;
  /** `directory`: its path without symlinks. */
  readonly tree: {
    readonly name: string;
    readonly path: string;
    readonly directory: string;
    readonly readonly: boolean;
    readonly stamp: TreeStamp;
  };
  readonly generation: number;
  readonly root: PreparedRoot;
  /** /proc/sys/kernel/random/boot_id */
  readonly boot: string;
  /** Of the content of the tree, where it is known: it is a version of an imported one. */
  readonly digest?: string;
  readonly hostView: readonly string[];
  /** `live`: what is mounted on the host below it later shows up inside. */
  readonly shares: readonly (PlacedShare & { readonly live: boolean; readonly at: PathIdentity | null })[];
  /** Mount points in the tree itself, by the path inside: whoever removes one takes away what is mounted there, in all namespaces. */
  readonly points: Readonly<Record<string, PathIdentity>>;
  /** Generations that nobody holds any more, as file names: unpinned once the new one is there. */
  readonly stale: readonly string[];
  /** Those that a command left unfinished, or is at work on: unpinned if they still are. */
  readonly unfinished: readonly string[];
  /** Where the tree is registered. */
  readonly file: string;
  readonly line: number;
}

export interface PinPlace {
  /** /run/chos-trees */
  readonly directory: string;
  /** Name of the tree as part of file names. */
  readonly file: string;
}

/** A directory of the host in the skeleton of all trees. */
export interface SkeletonMount extends PlacedShare {
  /** Part of the host view, a share, a directory that holds trees (or a tree), a tree once more, read-only, or a file in the place of one of a tree. */
  readonly what: 'host' | 'share' | 'trees' | 'tree' | 'file';
}

/** What the skeleton of all trees has to be; parents before what is in them. */
export interface SkeletonPlan {
  readonly entries: readonly (SkeletonEntry & { readonly kind: 'directory' | 'link' })[];
  readonly mounts: readonly SkeletonMount[];
}

/** A file that the skeleton shows in the place of the tree's, as the host knows it. */
export interface EnteredFile {
  readonly path: string;
  readonly directory: DirectoryFact;
}

/** What `skeleton create` does to make it so. */
export interface SkeletonWork {
  readonly cpus: number;
  readonly place: PinPlace;
  /** The caller is not in the mount namespace of process 1. */
  readonly enter: boolean;
  /** /chos */
  readonly path: string;
  /** The skeleton that is there; null: all of the plan is to be made. */
  readonly root: DirectoryFact | null;
  /** Unfinished ones of ours that cover the directory. */
  readonly leftovers: number;
  /** Mounts to be taken away, deepest first. */
  readonly detach: readonly string[];
  /** Links to be taken away. */
  readonly unlink: readonly string[];
  /** Links that become directories, with what is to be in them. */
  readonly open: readonly {
    readonly path: string;
    readonly mode: number;
    readonly entries: SkeletonPlan['entries'];
  }[];
  readonly make: SkeletonPlan['entries'];
  readonly mount: readonly SkeletonMount[];
  /** Mounts inside that are to have these attributes; where the kernel refuses (EBUSY: files are open for writing), the first of `anew` and what is below it. */
  readonly alter: readonly {
    readonly path: string;
    readonly attributes: number;
    readonly anew: readonly SkeletonMount[];
  }[];
  readonly generation: number;
  readonly stale: readonly string[];
  /** /proc/sys/kernel/random/boot_id */
  readonly boot: string;
  /** For the record. */
  readonly shares: readonly (Share & { readonly live: boolean })[];
  readonly holders: readonly string[];
  readonly readonly: readonly string[];
  readonly files: readonly string[];
}

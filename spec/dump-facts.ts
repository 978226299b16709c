/** What is asked of the host about a container that is to be saved. */

/** An entry of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
export interface MountFact {
  readonly id: number;
  /** `major:minor` of its file system. */
  readonly device: string;
  /** Which directory or file of it. */
  readonly root: string;
  /** Where the container sees it. */
  readonly point: string;
  readonly type: string;
}

/** A standard stream of the first process. */
export interface StreamFact {
  /** What /proc/PID/fd says of it. */
  readonly target: string;
  /** `terminal`: of a devpts. `outside`: a file of a mount that the container does not see. The key is by what CRIU knows it. */
  readonly kind: 'terminal' | 'outside' | 'other';
  readonly key: string;
}

export interface DumpFacts {
  readonly mounts: readonly MountFact[];
  /** Of all file systems that the host has mounted. */
  readonly hostDevices: ReadonlySet<string>;
  /** In their order; without those that are closed. */
  readonly streams: readonly (StreamFact | null)[];
  /** Where the destinations of config.json lead in the container's root, links followed. */
  readonly places: ReadonlyMap<string, string>;
  /** Inode numbers. */
  readonly namespaces: { readonly network: number; readonly pid: number };
}

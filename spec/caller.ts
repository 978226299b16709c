/**
 * The process that asks the compiler for something, as it was when it asked: the engine reads this of itself and puts it into the request
 * (spec/wire.ts), so that the compiler asks nothing about a "self". That is the engine's child on the cold way, and a service on the warm one.
 */
export const callerFiles = ['status', 'cgroup', 'uid_map', 'gid_map', 'setgroups'] as const;
export type CallerFile = (typeof callerFiles)[number];

/** Those in which a path, an id or a pid means something. */
export const callerNamespaces = ['user', 'mnt', 'pid', 'cgroup'] as const;
export type CallerNamespace = (typeof callerNamespaces)[number];

export interface Caller {
  readonly pid: number;
  /** Effective ids. */
  readonly euid: number;
  readonly egid: number;
  /** Inode numbers of nsfs; 0: /proc did not tell. */
  readonly namespaces: Readonly<Record<CallerNamespace, number>>;
  readonly root: { readonly major: number; readonly minor: number; readonly inode: number };
  /** The files of /proc/self, by name; empty: there is none. */
  readonly texts: Readonly<Record<CallerFile, string>>;
  /** How many descriptors in a row, from 3 on, were handed down to it (sd_listen_fds(3)). */
  readonly handed: number;
}

/**
 * What this version supports, and what not, where no other table says it. `features` prints it, admit refuses by it (runtime/admit/unsupported.ts), and the
 * lists in README.md and docs/compatibility.md are made of it (spec/generate/limits.ts).
 */
import type { LinuxNamespaceType } from './generated/config.js';

export const OCI_VERSION_MIN = '1.0.0';
export const OCI_VERSION_MAX = '1.3.0';

/**
 * What is correct by the specification, and refused: leaving it out would start a container with less isolation, other limits or other files than asked for,
 * and nobody would notice. `feature`: as diagnostics name it. `asked`: what in config.json asks for it, in Markdown. `why`: what would come of leaving it out,
 * the end of "without it ...".
 */
export const unsupported = [
  {
    feature: 'run.oci.handler',
    asked: 'the annotation `run.oci.handler`',
    why: 'the command would run on this kernel instead of in a virtual machine or an interpreter',
  },
] as const;

export type Unsupported = (typeof unsupported)[number]['feature'];

export const isSupported = (name: string): boolean => !unsupported.some(({ feature }) => feature === name);

const everyNamespace: readonly LinuxNamespaceType[] = [
  ...(['cgroup', 'ipc', 'mount', 'network', 'pid', 'time', 'user', 'uts'] as const),
];

export const namespaces = everyNamespace.filter(type => isSupported(`${type} namespaces`));

/** Options that stand for themselves in mounts[].options; others go to the file system as they are. */
export const mountOptions = [
  ...[
    'async',
    'atime',
    'bind',
    'copy-symlink',
    'defaults',
    'dest-nofollow',
    'dev',
    'diratime',
    'dirsync',
    'exec',
    'idmap',
    'iversion',
    'lazytime',
  ],
  ...['loud', 'mand', 'noatime', 'nodev', 'nodiratime', 'noexec', 'noiversion', 'nolazytime', 'nomand'],
  ...['norelatime', 'nostrictatime', 'nosuid', 'nosymfollow', 'private', 'ratime', 'rbind', 'rdev'],
  ...['rdiratime', 'relatime', 'remount', 'rexec', 'ridmap', 'rnoatime', 'rnodev', 'rnodiratime', 'rnoexec'],
  ...[
    'rnorelatime',
    'rnostrictatime',
    'rnosuid',
    'rnosymfollow',
    'ro',
    'rprivate',
    'rrelatime',
    'rro',
    'rrw',
  ],
  ...['rshared', 'rslave', 'rstrictatime', 'rsuid', 'rsymfollow', 'runbindable', 'rw', 'shared', 'silent'],
  ...['slave', 'src-nofollow', 'strictatime', 'suid', 'symfollow', 'sync', 'tmpcopyup', 'unbindable'],
] as const satisfies readonly string[];

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
    feature: 'user namespaces',
    asked: '`linux.namespaces` of type `user`',
    why: 'root in the container would be root on the host',
  },
  {
    feature: 'uid and gid mappings',
    asked: '`linux.uidMappings`, `linux.gidMappings`',
    why: 'every file would have another owner than asked for',
  },
  {
    feature: 'idmapped mounts',
    asked: '`uidMappings`, `gidMappings` or the options `idmap`, `ridmap` in `mounts`',
    why: 'files would be written with ids of the host that may be those of somebody else',
  },
  {
    feature: 'intelRdt',
    asked: '`linux.intelRdt`',
    why: 'cache and memory bandwidth would be unlimited',
  },
  {
    feature: 'netDevices',
    asked: '`linux.netDevices`',
    why: 'the container would be without its network',
  },
  {
    feature: 'memoryPolicy',
    asked: '`linux.memoryPolicy`',
    why: 'memory would come from other NUMA nodes than asked for',
  },
  {
    feature: 'SCMP_ACT_NOTIFY',
    asked: '`SCMP_ACT_NOTIFY` in `linux.seccomp`',
    why: 'system calls that an agent should judge would fail or pass unseen',
  },
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
  ...['async', 'atime', 'bind', 'defaults', 'dev', 'diratime', 'dirsync', 'exec', 'iversion', 'lazytime'],
  ...['loud', 'mand', 'noatime', 'nodev', 'nodiratime', 'noexec', 'noiversion', 'nolazytime', 'nomand'],
  ...['norelatime', 'nostrictatime', 'nosuid', 'nosymfollow', 'private', 'ratime', 'rbind', 'rdev'],
  ...['rdiratime', 'relatime', 'remount', 'rexec', 'rnoatime', 'rnodev', 'rnodiratime', 'rnoexec'],
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
  ...['slave', 'strictatime', 'suid', 'symfollow', 'sync', 'tmpcopyup', 'unbindable'],
] as const satisfies readonly string[];

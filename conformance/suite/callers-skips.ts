/** Which kinds of cases make no sense for a caller, reviewed: nobody could pass them, because the kernel does not let such a caller do it. */
import type { Config } from '../harness/config.js';
import type { CallerName } from './callers.js';
import type { NamedCase } from './case.js';

interface Kind {
  readonly as: readonly CallerName[];
  /** By name: what `config` cannot tell because the case makes it later. */
  readonly cases?: RegExp;
  /** By what is asked for; cases that expect a refusal are run all the same. */
  readonly asks?: (config: Config) => boolean;
  readonly reason: string;
}

const others = ['user', 'userns'] as const;

const lacks = (config: Config, type: string): boolean =>
  !config.linux.namespaces.some(namespace => namespace.type === type);
const mounts = (config: Config, type: string): boolean => config.mounts.some(mount => mount.type === type);
const ids = ({ process: { user } }: Config): readonly number[] =>
  [user.uid, user.gid, ...(user.additionalGids ?? [])].filter(id => id !== undefined && id !== null);

export const kinds: readonly Kind[] = [
  {
    as: ['user'],
    asks: config => (config.linux.uidMappings ?? []).length < 2 && ids(config).some(id => id !== 0),
    cases:
      /^(exec\/(user|additional-groups|process-file-user)|annotations\/original-groups|streams\/.*lets-the-user|process\/streams-belong|terminal\/belongs-to-the-user|tmpfs\/.*owner-asked-for|path\/passes-over|home\/(longer-than-a-path|in-a-line-of-70000-bytes)-is-refused|root\/no-pivot-hides|inodes\/.*owner)/,
    reason: 'only one id is mapped',
  },
  {
    as: ['userns'],
    asks: config => ids(config).some(id => id > 65_536),
    reason: 'the id is outside of the caller’s range',
  },
  {
    as: others,
    asks: config => config.linux.resources !== undefined || config.linux.cgroupsPath !== undefined,
    cases:
      /^(cgroups|cgroup-ownership|exec-cgroups|freezing|limits|update|events|pause)\/|^mounts\/cgroup|^links\/(tmpfs|cgroup)-onto-cgroups?|paused?\b|^ps\/json|^output\/ps-|^lifecycle\/(two-at-the-same-time|pause)|^exec\/(into-a-paused|(killed|stopped)-before)|^hook-failures\/refused-limit|^stored-program\/(.*lets-the-container-be-ended|and-nothing-else-left)/,
    reason: 'nobody has handed a cgroup of v1 on to the caller; cgroup2 is tested in the machine',
  },
  {
    as: others,
    asks: config => (config.linux.devices ?? []).length > 0,
    reason: 'mknod(2) needs rights in the first user namespace',
  },
  {
    as: others,
    asks: config => lacks(config, 'pid') && mounts(config, 'proc'),
    cases:
      /^(kill\/.*-reaches-every-process|delete\/forced-without-pid-namespace|process\/exit-code-of-signal)/,
    reason: 'procfs can be mounted only by who owns its pid namespace',
  },
  {
    as: others,
    asks: config => lacks(config, 'ipc') && mounts(config, 'mqueue'),
    reason: 'mqueue can be mounted only by who owns its ipc namespace',
  },
  {
    as: others,
    cases: /^users\//,
    reason: 'the caller has no such ids to map',
  },
  {
    as: others,
    cases: /^net-devices\/under-(its|another|a-name-with)/,
    reason: 'only root of the host may take a device out of its network',
  },
  {
    as: others,
    cases: /^list\/tells-of-what-it-leaves-out$/,
    reason: 'what is damaged there is root’s',
  },
  {
    as: others,
    cases: /^checkpoint\//,
    reason: 'CRIU restores with the rights of the host’s root only',
  },
  {
    as: ['user'],
    cases: /^namespaces\/.*-joined-by-path/,
    reason: 'a namespace whose user namespace is another cannot be joined',
  },
  {
    as: others,
    cases: /^bind\/mounts-inside-reach-the-host/,
    reason: 'mounts of a user namespace never reach the namespace that its own was made from',
  },
  {
    as: others,
    cases: /^mount-options\/(bind-(noatime|nodiratime|strictatime)|r?noatime)|^bind\/plain-leaves-submounts$/,
    reason: 'a user namespace cannot change what it got from outside: atime, and what a mount covers',
  },
  {
    as: ['user'],
    cases: /^namespaces\/network-has-its-loopback-only$/,
    reason: '/sys is the host’s',
  },
  {
    as: others,
    cases: /^(annotations\/original-groups|capabilities\/the-caller-lacks)/,
    reason: 'the case needs a caller with groups, or with capabilities to lose',
  },
  {
    as: others,
    cases: /^inodes\/|^streams\/.*(-away|is-only-read)|^ways-out\/dev-becomes/,
    reason: 'what belongs to root of the host cannot be given away by who is not',
  },
  {
    as: others,
    cases: /^confinement\/limit-nproc-1$/,
    reason: 'all processes of the caller count, also outside',
  },
  {
    as: others,
    cases: /^lifecycle\/start-on-a-read-only-state-root/,
    reason: 'that the suite makes a mount read-only does not reach the caller’s namespace',
  },
  {
    as: others,
    cases: /^readonly\/in-proc$/,
    reason: 'the kernel looks at the permissions of /proc/sys first, which are root’s',
  },
];

/** Thrown by the driver when a case asks later for what makes no sense. */
export class Senseless extends Error {}

export function senselessFor(
  caller: CallerName,
  { name, refused }: NamedCase,
  config: Config,
): string | undefined {
  return kinds.find(
    ({ as, cases, asks }) =>
      as.includes(caller) && (cases?.test(name) || (refused === undefined && asks?.(config))),
  )?.reason;
}

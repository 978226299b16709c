/**
 * What we say to CRIU's executable: `criu swrk FD` serves one request of the socket FD, a message of protocol buffers, and answers it there (CRIU's
 * images/rpc.proto, https://criu.org/RPC). The numbers are those of that file.
 */

/** The oldest version that has all we ask for: a single pre-dump by itself, the mount context of SELinux. */
export const CRIU_MINIMUM = { major: 3, minor: 16 } as const;

/** criu_req_type */
export const CriuRequest = { DUMP: 1, RESTORE: 2, NOTIFY: 6, SINGLE_PRE_DUMP: 13 } as const;

/** Fields of criu_req. */
export const RequestField = { TYPE: 1, OPTIONS: 2, NOTIFY_SUCCESS: 3 } as const;

/** Fields of criu_resp, of criu_restore_resp and criu_notify in it. */
export const AnswerField = { RESTORE: 4, NOTIFY: 5, ERRNO: 7, MESSAGE: 9 } as const;
export const RestoreField = { PID: 1 } as const;
export const NoticeField = { SCRIPT: 1, PID: 2 } as const;

/** The moments of a restore at which it waits for us. A pseudoterminal's master comes with another one. */
export const CriuNotice = {
  /** The first process is there, with its pid; its namespaces are not. */
  NAMESPACES: 'setup-namespaces',
  /** Everything is there, and stands still. */
  RESTORED: 'post-restore',
} as const;

/** Fields of criu_opts. */
export const CriuOption = {
  IMAGES: 1,
  PID: 2,
  LEAVE_RUNNING: 3,
  EXT_UNIX_SK: 4,
  TCP_ESTABLISHED: 5,
  SHELL_JOB: 7,
  FILE_LOCKS: 8,
  LOG_LEVEL: 9,
  LOG_FILE: 10,
  PAGE_SERVER: 11,
  NOTIFY_SCRIPTS: 12,
  ROOT: 13,
  PARENT: 14,
  TRACK_MEM: 15,
  AUTO_DEDUP: 16,
  WORK: 17,
  LINK_REMAP: 18,
  MANAGE_CGROUPS: 24,
  CGROUP_ROOT: 25,
  SIBLING: 26,
  INHERIT: 27,
  CGROUPS_MODE: 34,
  EXTERNAL: 37,
  EMPTY_NS: 38,
  JOIN_NS: 39,
  FREEZE_CGROUP: 44,
  TCP_SKIP_IN_FLIGHT: 46,
  LAZY_PAGES: 48,
  STATUS_FD: 49,
  ORPHAN_PTS: 50,
  TCP_CLOSE: 52,
  LSM_PROFILE: 53,
  LSM_MOUNT_CONTEXT: 64,
  NETWORK_LOCK: 65,
} as const;

/** Fields of the messages in criu_opts. */
export const PageServerField = { ADDRESS: 1, PORT: 2 } as const;
export const CgroupRootField = { CONTROLLER: 1, PATH: 2 } as const;
export const InheritField = { KEY: 1, FD: 2 } as const;
export const JoinField = { NAMESPACE: 1, FILE: 2 } as const;

/** --manage-cgroups-mode (criu_cg_mode). */
export const cgroupModes = { ignore: 0, soft: 3, full: 4, strict: 5 } as const;
export type CgroupMode = keyof typeof cgroupModes;

/** --network-lock (criu_network_lock_method). */
export const networkLocks = { iptables: 1, nftables: 2, skip: 3 } as const;
export type NetworkLock = keyof typeof networkLocks;

/** --empty-ns: namespaces that are saved without what is in them, as flags of clone(2). */
export const emptyNamespaces = { network: 0x40000000 } as const;
export type EmptyNamespace = keyof typeof emptyNamespaces;

/** Flags of the command line that are options of CRIU's, for both directions. */
export const sharedFlags = {
  'tcp-established': CriuOption.TCP_ESTABLISHED,
  'tcp-skip-in-flight': CriuOption.TCP_SKIP_IN_FLIGHT,
  'link-remap': CriuOption.LINK_REMAP,
  'ext-unix-sk': CriuOption.EXT_UNIX_SK,
  'shell-job': CriuOption.SHELL_JOB,
  'lazy-pages': CriuOption.LAZY_PAGES,
  'file-locks': CriuOption.FILE_LOCKS,
  'auto-dedup': CriuOption.AUTO_DEDUP,
} as const;
export type SharedFlag = keyof typeof sharedFlags;

/** In the directory of the images, as runc, crun and Podman know it: what the standard streams of the first process led to. */
export const STREAMS_FILE = 'descriptors.json';

/** How namespaces that are not the container's own are called in the images, as with runc and crun. */
export const externalNamespaces = { network: 'extRootNetNS', pid: 'extRootPidNS' } as const;

/** CRIU's log, in the work directory. */
export const logFiles = { checkpoint: 'dump.log', restore: 'restore.log' } as const;

/** What CRIU and its helpers (tar, ip, iptables) are run with. */
export const CRIU_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

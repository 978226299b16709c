/** Bundles of the benchmark: what `runc spec` writes, plus what a scenario adds; one rootfs for all. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveProfile } from './seccomp-profile.js';

export interface BundleWish {
  readonly args: readonly string[];
  /** Bind mounts to add, as pairs of a source and its place in the container. */
  readonly shares?: readonly (readonly [source: string, destination: string])[];
  readonly seccomp?: boolean;
  readonly pidsLimit?: boolean;
  /** Start this registered tree: annotation org.chos.tree. */
  readonly tree?: string;
  /** false: the container uses the mount namespace it is given. */
  readonly ownMounts?: boolean;
  /** The same container, but written in another way for each number: other names, mounts in another order. */
  readonly other?: number;
  /** The same container with another id, of 64 hexadecimal digits. */
  readonly named?: string;
}

const capabilities = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];
export const podmanProfile = '/usr/share/containers/seccomp.json';

const mount = (destination: string, type: string, source: string, ...options: readonly string[]) => ({
  destination,
  type,
  source,
  ...(options.length ? { options } : {}),
});

/** The mounts of `runc spec` (1.1); with a terminal less, nothing else differs from that command's output. */
const defaultMounts = [
  mount('/proc', 'proc', 'proc'),
  mount('/dev', 'tmpfs', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
  mount(
    '/dev/pts',
    'devpts',
    'devpts',
    'nosuid',
    'noexec',
    'newinstance',
    'ptmxmode=0666',
    'mode=0620',
    'gid=5',
  ),
  mount('/dev/shm', 'tmpfs', 'shm', 'nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'),
  mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid', 'noexec', 'nodev'),
  mount('/sys', 'sysfs', 'sysfs', 'nosuid', 'noexec', 'nodev', 'ro'),
  mount('/sys/fs/cgroup', 'cgroup', 'cgroup', 'nosuid', 'noexec', 'nodev', 'relatime', 'ro'),
];
/** What Go makes of a map: no mount comes before the one that it lies in. */
const inOrder = <T extends { readonly destination: string }>(
  mounts: readonly T[],
  turn: number,
): readonly T[] => {
  const depth = ({ destination }: T): number => destination.split('/').length;
  const turned = mounts.map((_, i) => mounts[(i + turn) % mounts.length] as T);
  return (turn % 2 ? turned : turned.reverse()).sort((a, b) => depth(a) - depth(b));
};
const maskedPaths = 'acpi asound kcore keys latency_stats timer_list timer_stats sched_debug scsi'
  .split(' ')
  .map(name => `/proc/${name}`);
const readonlyPaths = 'bus fs irq sys sysrq-trigger'.split(' ').map(name => `/proc/${name}`);

const configuration = (rootfs: string, wish: BundleWish) => {
  const own = wish.ownMounts ?? true;
  const binds = (wish.shares ?? []).map(([source, place]) => mount(place, 'none', source, 'rbind', 'rw'));
  const all = [...defaultMounts, ...binds];
  const device = { allow: false, access: 'rwm' };
  return {
    ociVersion: '1.0.2-dev',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: wish.args,
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        ambient: capabilities,
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: rootfs, readonly: own },
    hostname: wish.named?.slice(-12) ?? (wish.other === undefined ? 'runc' : `bench${wish.other}`),
    mounts: own ? (wish.other === undefined ? all : inOrder(all, wish.other)) : [],
    ...(wish.tree ? { annotations: { 'org.chos.tree': wish.tree } } : {}),
    ...(wish.named === undefined
      ? {}
      : {
          annotations: { 'io.kubernetes.cri-o.Created': `2026-11-30T05:38:32.${wish.named.slice(-4)}12345Z` },
        }),
    linux: {
      ...(wish.other === undefined ? {} : { cgroupsPath: `/chosbench-${wish.other}` }),
      ...(wish.named === undefined ? {} : { cgroupsPath: `/chosbench-${wish.named}` }),
      resources: { devices: [device], ...(wish.pidsLimit ? { pids: { limit: 2048 } } : {}) },
      namespaces: (own ? ['pid', 'network', 'ipc', 'uts', 'mount'] : ['ipc', 'uts']).map(type => ({ type })),
      ...(wish.seccomp ? { seccomp: resolveProfile(podmanProfile, capabilities) } : {}),
      ...(own ? { maskedPaths: [...maskedPaths, '/sys/firmware'], readonlyPaths } : {}),
    },
  };
};

/** Makes the root filesystem: busybox and the directories that mounts need. Returns its path. */
export const makeRootfs = (directory: string): string => {
  const rootfs = join(directory, 'rootfs');
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'run', 'shares', 'usr'])
    mkdirSync(join(rootfs, name), { recursive: true });
  cpSync('/bin/busybox', join(rootfs, 'bin/busybox'));
  for (const name of ['sh', 'true', 'sleep']) symlinkSync('busybox', join(rootfs, 'bin', name));
  return rootfs;
};

/** Makes `count` directories to share and returns them with their places in the container. */
export const makeShares = (directory: string, rootfs: string, count: number) =>
  Array.from({ length: count }, (_, i): readonly [string, string] => {
    const name = `m${`${i}`.padStart(4, '0')}`;
    mkdirSync(join(directory, 'shares', name), { recursive: true });
    mkdirSync(join(rootfs, 'shares', name), { recursive: true });
    return [join(directory, 'shares', name), `/shares/${name}`];
  });

/** Writes a bundle `name` below `directory` and returns its path. */
export const writeBundle = (directory: string, name: string, rootfs: string, wish: BundleWish): string => {
  const bundle = join(directory, name);
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(configuration(rootfs, wish), null, 1));
  return bundle;
};

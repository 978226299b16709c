/** Bundles that between them make every durable thing a launch can make. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultConfig } from '../../runtime/cli/default-config.js';
import { rootlessConfig } from '../../runtime/cli/rootless-config.js';
import type { Config, LinuxNamespace } from '../../spec/generated/config.js';
import { hookKinds } from '../harness/config.js';
import type { Lab } from './lab.js';

/** foreground: `run` of a command that ends at once; detached and create: of one that does not end by itself. */
export type Way = 'foreground' | 'detached' | 'create';

/** Everything of a Config can be changed in here. */
export type Draft<T> = T extends string ? T : { -readonly [K in keyof T]: Draft<T[K]> };

export interface BundleKind {
  readonly name: string;
  readonly ways: readonly Way[];
  /** Every how many steps of init a stop is tried; in the ways after the first, whose init is nearly the same, of three times as many. */
  readonly stride: number;
  /** The same of the other tracks; all, if nothing is said. */
  readonly otherStride?: number;
  /** Whether somebody listens at `socketIn`: for the terminal, or for the calls that a filter hands on. */
  readonly listens?: 'console' | 'agent';
  /** What of the host the launch takes away: made before each, and looked for after `delete`; the complaints. */
  readonly taken?: { make(): void; left(): readonly string[] };
  /** Files of the root that the launch makes on purpose: removed before each stop. */
  readonly made?: readonly string[];
  change(config: Draft<Config>, place: Place): void;
}

export interface Place {
  readonly lab: Lab;
  readonly dir: string;
  readonly way: Way;
  /** A process that holds namespaces to join. */
  readonly holder: () => number;
}

export const socketIn = ({ dir }: Lab): string => join(dir, 'socket');

const deviceName = `cc${process.pid}`;
const ip = (...args: readonly string[]) => spawnSync('ip', args, { encoding: 'utf8' });
const devices = (): string => ip('-brief', 'link').stdout;

/** One end of a pair: it goes with the container's namespace, and the other end with it. */
const networkDevice: BundleKind['taken'] = {
  make() {
    ip('link', 'add', deviceName, 'type', 'veth', 'peer', 'name', `${deviceName}p`);
    ip('address', 'add', '10.213.9.1/24', 'dev', deviceName);
  },
  left() {
    // A launch that was killed early has not taken it yet: then it has the name and the place that it had.
    const renamed = /^lan\b/m.test(devices())
      ? ['the network device is here under its name in the container']
      : [];
    ip('link', 'del', `${deviceName}p`);
    return devices().includes(deviceName) ? [...renamed, 'a network device is left'] : renamed;
  },
};

export const bundleKinds: readonly BundleKind[] = [
  { name: 'default', ways: ['foreground', 'detached', 'create'], stride: 1, change: () => undefined },
  {
    name: 'hooks',
    ways: ['foreground', 'create'],
    stride: 7,
    change(config) {
      config.hooks = Object.fromEntries(
        hookKinds.map(kind => [kind, [{ path: '/bin/busybox', args: ['busybox', 'true'] }]]),
      );
    },
  },
  {
    name: 'terminal',
    ways: ['foreground'],
    stride: 5,
    change(config) {
      if (config.process) config.process.terminal = true;
    },
  },
  {
    name: 'console socket',
    ways: ['detached', 'create'],
    stride: 5,
    listens: 'console',
    change(config) {
      if (config.process) config.process.terminal = true;
    },
  },
  {
    name: 'seccomp and user',
    ways: ['create'],
    stride: 5,
    change(config) {
      if (config.process) {
        config.process.user = { uid: 1000, gid: 1000, additionalGids: [5, 6] };
        config.process.oomScoreAdj = 100;
      }
      if (config.linux)
        config.linux.seccomp = {
          defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: [{ names: ['swapon', 'reboot'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
        };
    },
  },
  {
    name: 'binds over nothing',
    ways: ['detached'],
    stride: 3,
    made: ['missing', 'file'],
    change(config, { dir }) {
      writeFileSync(join(dir, 'source'), 'source\n');
      config.root = { path: 'rootfs' };
      config.mounts = [
        ...(config.mounts ?? []),
        {
          destination: '/missing/a/file',
          type: 'bind',
          source: join(dir, 'source'),
          options: ['bind', 'ro'],
        },
        { destination: '/missing/directory', type: 'bind', source: '/usr', options: ['rbind', 'ro'] },
        { destination: '/file', type: 'bind', source: join(dir, 'source'), options: ['bind'] },
        { destination: '/etc', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] },
      ];
    },
  },
  {
    name: 'pid namespace of the host',
    ways: ['detached', 'create'],
    stride: 5,
    change(config, { way }) {
      if (config.linux) config.linux.namespaces = without(config.linux.namespaces, 'pid');
      if (config.process && way !== 'foreground')
        config.process.args = ['/bin/busybox', 'sh', '-c', 'busybox sleep 3600 & exec busybox sleep 3600'];
      config.mounts = (config.mounts ?? []).filter(mount => mount.type !== 'proc' && mount.type !== 'cgroup');
      if (config.linux) {
        config.linux.maskedPaths = [];
        config.linux.readonlyPaths = [];
      }
    },
  },
  {
    name: 'namespaces by path',
    ways: ['detached'],
    stride: 5,
    change(config, { holder }) {
      const pid = holder();
      if (!config.linux) return;
      const joined = { network: 'net', ipc: 'ipc', uts: 'uts', pid: 'pid' } as const;
      config.linux.namespaces = [
        ...Object.entries(joined).map(([type, name]) => ({
          type: type as keyof typeof joined,
          path: `/proc/${pid}/ns/${name}`,
        })),
        { type: 'mount' },
      ];
      delete config.hostname;
    },
  },
  {
    name: 'agent and network device',
    ways: ['create'],
    stride: 23,
    otherStride: 3,
    listens: 'agent',
    taken: networkDevice,
    change(config, { lab }) {
      if (!config.linux) return;
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        listenerPath: socketIn(lab),
        syscalls: [{ names: ['mkdirat'], action: 'SCMP_ACT_NOTIFY' }],
      };
      config.linux.netDevices = { [deviceName]: { name: 'lan' } };
    },
  },
  {
    name: 'limits, devices, sysctl',
    ways: ['create'],
    stride: 5,
    change(config) {
      if (!config.linux) return;
      config.linux.resources = {
        ...config.linux.resources,
        memory: { limit: 64 << 20 },
        pids: { limit: 64 },
        cpu: { shares: 512 },
      };
      config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
      config.linux.devices = [
        { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 },
      ];
      config.linux.rootfsPropagation = 'rprivate';
    },
  },
];

function without(
  namespaces: readonly Draft<LinuxNamespace>[] | undefined,
  type: string,
): Draft<LinuxNamespace>[] {
  return (namespaces ?? []).filter(namespace => namespace.type !== type);
}

export interface Bundle {
  readonly dir: string;
  readonly rootfs: string;
}

/** As that caller's tools write it: root of a user namespace is in one already, and has no groups to set a limit in. */
function baseConfig({ caller }: Lab): Config {
  const config = defaultConfig();
  switch (caller) {
    case 'root':
      return config;
    case 'user':
      return rootlessConfig({ uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, home: null });
    case 'userns': {
      const { resources: _, ...linux } = config.linux ?? {};
      return { ...config, linux };
    }
    default:
      throw new Error(`unexpected ${JSON.stringify(caller satisfies never)}`);
  }
}

/** Write a bundle whose process is what `way` needs. */
export function makeBundle(
  lab: Lab,
  kind: Pick<BundleKind, 'change' | 'name'>,
  way: Way,
  holder = noHolder,
): Bundle {
  const dir = join(lab.dir, `${kind.name} ${way}`.replaceAll(' ', '-'));
  const rootfs = join(dir, 'rootfs');
  for (const name of ['bin', 'dev', 'proc', 'sys', 'etc', 'root', 'tmp'])
    mkdirSync(join(rootfs, name), { recursive: true });
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'));
  symlinkSync('busybox', join(rootfs, 'bin/sh'));
  writeFileSync(join(rootfs, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n');
  const config = structuredClone(baseConfig(lab)) as Draft<Config>;
  if (config.process) {
    config.process.terminal = false;
    config.process.args = way === 'foreground' ? ['/bin/busybox', 'true'] : ['/bin/busybox', 'sleep', '3600'];
  }
  kind.change(config, { lab, dir, way, holder });
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config, null, 2));
  return { dir, rootfs };
}

function noHolder(): number {
  throw new Error('this bundle joins nothing');
}

/** A process in namespaces of its own, until this program ends or stops it. */
export function startHolder(): Promise<{ readonly pid: number; stop(): void }> {
  const child = spawn(
    'unshare',
    ['--net', '--ipc', '--uts', '--pid', '--fork', 'sh', '-c', 'echo here; exec sleep 3600'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return new Promise(ready => {
    child.stdout.once('data', () => {
      const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
      ready({ pid, stop: () => process.kill(pid, 'SIGKILL') });
    });
  });
}

export function forget(bundle: Bundle, made: readonly string[]): void {
  for (const name of made) rmSync(join(bundle.rootfs, name), { recursive: true, force: true });
}

/** What `spec --rootless` makes of the other configurations: for a user who is root nowhere. */
import type { Config, Mount } from '../../spec/generated/config.js';
import { defaultConfig, treeConfig } from './default-config.js';

export interface SpecCaller {
  readonly uid: number;
  readonly gid: number;
  /** Null: looked up when the process starts. */
  readonly home: string | null;
}

const one = (inside: number, outside: number) => [{ containerID: inside, hostID: outside, size: 1 }];

/** Group 5 is not mapped, and a sysfs is mounted only by whoever has the network. */
function withoutRights({ destination, type, options = [], ...mount }: Mount): Mount {
  switch (type) {
    case 'sysfs':
      return { destination, type: 'none', source: '/sys', options: ['rbind', ...options] };
    case 'devpts':
      return { destination, type, ...mount, options: options.filter(word => word !== 'gid=5') };
    default:
      return { destination, ...(type === undefined ? {} : { type }), ...mount, options };
  }
}

/** As runc's: root inside is the caller, the network is the host's, and there are no limits, which only few callers may set. */
export function rootlessConfig({ uid, gid }: SpecCaller): Config {
  const { linux, mounts, ...config } = defaultConfig();
  const { resources: _, ...without } = linux ?? {};
  const kept = (linux?.namespaces ?? []).filter(({ type }) => type !== 'network' && type !== 'cgroup');
  return {
    ...config,
    mounts: (mounts ?? []).map(withoutRights),
    linux: {
      ...without,
      uidMappings: one(0, uid),
      gidMappings: one(0, gid),
      namespaces: [...kept, { type: 'user' }],
    },
  };
}

/** The user stays who it is, with its groups, and has no capabilities over anything. Without a mount namespace: who has to mount gets one (docs/rootless.md). */
export function rootlessTreeConfig(
  { uid, gid, home }: SpecCaller,
  ...tree: Parameters<typeof treeConfig>
): Config {
  const { process, annotations, linux, ...config } = treeConfig(...tree);
  const { capabilities: _, env = [], ...same } = process;
  const own = env.filter(entry => !entry.startsWith('HOME='));
  return {
    ...config,
    process: {
      ...same,
      user: { uid, gid },
      env: home === null ? own : [...own, `HOME=${home}`],
      noNewPrivileges: true,
    },
    annotations: { ...annotations, 'run.oci.keep_original_groups': '1' },
    linux: {
      ...linux,
      uidMappings: one(uid, uid),
      gidMappings: one(gid, gid),
      namespaces: [{ type: 'user' }],
    },
  };
}

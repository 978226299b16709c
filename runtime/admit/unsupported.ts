import type { Config } from '../../spec/generated/config.js';
import type { Note, ValuePath } from './diagnostic.js';

/** Something that the spec has and this version has not. */
interface Unsupported {
  /** As `unsupported` diagnostics name it. */
  readonly feature: string;
  /** What would come of leaving it out: the end of "without it ...". */
  readonly why: string;
  /** The places in a config that ask for it. */
  readonly asked: (config: Config) => readonly ValuePath[];
}

/**
 * Everything here is correct by the spec. It is refused because leaving it out would start a container with
 * less isolation, other limits or other files than asked for, and nobody would notice.
 * Not here: what the spec itself tells us to ignore (windows, vm, solaris, zos; unknown properties), and what only the
 * host can answer (AppArmor, SELinux, cgroup controllers), which is the compiler's to decide.
 */
export const unsupported: readonly Unsupported[] = [
  {
    feature: 'user namespaces',
    why: 'root in the container would be root on the host',
    asked: config => namespacesOf(config, 'user'),
  },
  {
    feature: 'uid and gid mappings',
    why: 'every file would have another owner than asked for',
    asked: ({ linux = {} }) => [
      ...present(['linux', 'uidMappings'], linux.uidMappings),
      ...present(['linux', 'gidMappings'], linux.gidMappings),
    ],
  },
  {
    feature: 'idmapped mounts',
    why: 'files would be written with ids of the host that may be those of somebody else',
    asked: ({ mounts = [] }) =>
      mounts.flatMap((mount, index) => [
        ...present(['mounts', index, 'uidMappings'], mount.uidMappings),
        ...present(['mounts', index, 'gidMappings'], mount.gidMappings),
        ...(mount.options ?? []).flatMap((option, position) =>
          /^r?idmap(=|$)/.test(option) ? [['mounts', index, 'options', position]] : [],
        ),
      ]),
  },
  {
    feature: 'intelRdt',
    why: 'cache and memory bandwidth would be unlimited',
    // Even an empty object asks for a group of its own in resctrl.
    asked: ({ linux }) => (linux?.intelRdt === undefined ? [] : [['linux', 'intelRdt']]),
  },
  {
    feature: 'netDevices',
    why: 'the container would be without its network',
    asked: ({ linux }) => present(['linux', 'netDevices'], linux?.netDevices),
  },
  {
    feature: 'memoryPolicy',
    why: 'memory would come from other NUMA nodes than asked for',
    asked: ({ linux }) => (linux?.memoryPolicy === undefined ? [] : [['linux', 'memoryPolicy']]),
  },
  {
    feature: 'SCMP_ACT_NOTIFY',
    why: 'system calls that an agent should judge would fail or pass unseen',
    asked: ({ linux }) => {
      const base = ['linux', 'seccomp'];
      const { defaultAction, syscalls = [] } = linux?.seccomp ?? {};
      return [
        ...(defaultAction === 'SCMP_ACT_NOTIFY' ? [[...base, 'defaultAction']] : []),
        ...syscalls.flatMap(({ action }, index) =>
          action === 'SCMP_ACT_NOTIFY' ? [[...base, 'syscalls', index, 'action']] : [],
        ),
      ];
    },
  },
  {
    feature: 'run.oci.handler',
    why: 'the command would run on this kernel instead of in a virtual machine or an interpreter',
    asked: ({ annotations }) =>
      annotations?.['run.oci.handler'] ? [['annotations', 'run.oci.handler']] : [],
  },
];

/** Notes every row that the config asks for. */
export function checkSupported(config: Config, note: Note): void {
  for (const { feature, why, asked } of unsupported) {
    for (const path of asked(config)) note(path, { kind: 'unsupported', feature, why });
  }
}

function namespacesOf(config: Config, wanted: string): readonly ValuePath[] {
  return (config.linux?.namespaces ?? []).flatMap(({ type }, index) =>
    type === wanted ? [['linux', 'namespaces', index, 'type']] : [],
  );
}

/** The path, if there is something in the list or map; callers in Go write empty ones for none. */
function present(path: ValuePath, value: object | undefined): readonly ValuePath[] {
  return value !== undefined && Object.keys(value).length > 0 ? [path] : [];
}

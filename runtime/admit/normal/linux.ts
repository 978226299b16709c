/** `linux` of a config.json, but for resources. */
import { MOST_NODES, parseCpuList } from '../../../spec/cpu-list.js';
import type {
  Linux,
  LinuxDevice,
  LinuxIntelRdt,
  LinuxMemoryPolicy,
  LinuxNamespace,
  LinuxTimeOffset,
  StringMap,
} from '../../../spec/generated/config.js';
import { containerId } from '../../../spec/ids.js';
import type {
  HiddenPath,
  Namespaces,
  NormalDevice,
  NormalIntelRdt,
  NormalLinux,
  NormalMemoryPolicy,
  NormalSysctl,
  NormalTimeOffset,
} from '../../../spec/normal-config.js';
import { hostPath, treePath, treePlace } from '../../../spec/paths.js';
import { normalMappings } from './id-mappings.js';
import { parsePropagation } from './mount-options.js';
import { normalResources } from './resources.js';

/** One that has passed the checks. */
export function normalLinux(linux: Linux, ociVersion: string): NormalLinux {
  const { cgroupsPath, rootfsPropagation = '' } = linux;
  return {
    namespaces: normalNamespaces(linux.namespaces),
    uidMappings: normalMappings(linux.uidMappings),
    gidMappings: normalMappings(linux.gidMappings),
    timeOffsets: normalTimeOffsets(linux.timeOffsets),
    devices: normalDevices(linux.devices),
    cgroupsPath: cgroupsPath === undefined ? null : withoutDots(cgroupsPath),
    resources: normalResources(linux.resources ?? {}, ociVersion),
    rootfsPropagation: parsePropagation(rootfsPropagation),
    seccomp: linux.seccomp ?? null,
    sysctls: normalSysctls(linux.sysctl),
    maskedPaths: hiddenPaths(linux.maskedPaths),
    readonlyPaths: hiddenPaths(linux.readonlyPaths),
    mountLabel: linux.mountLabel || null,
    personality: linux.personality?.domain ?? null,
    netDevices: Object.entries(linux.netDevices ?? {}).map(([device, { name = '' }]) => ({
      device,
      name: name === '' ? device : name,
    })),
    intelRdt: linux.intelRdt === undefined ? null : normalIntelRdt(linux.intelRdt),
    memoryPolicy: linux.memoryPolicy === undefined ? null : normalMemoryPolicy(linux.memoryPolicy),
  };
}

/** Go's omitempty makes an empty path the same as none: a new namespace. */
function normalNamespaces(namespaces: readonly LinuxNamespace[] = []): Namespaces {
  return new Map(namespaces.map(({ type, path }) => [type, path ? hostPath(path) : 'new']));
}

function normalTimeOffsets(
  offsets: Readonly<Record<string, LinuxTimeOffset>> = {},
): readonly NormalTimeOffset[] {
  return Object.entries(offsets).map(([clock, { secs = 0, nanosecs = 0 }]) => ({
    clock,
    seconds: secs,
    nanoseconds: nanosecs,
  }));
}

/** Of two with one place the first is made, as by runc and crun; there has been a warning of the second. */
function normalDevices(devices: readonly LinuxDevice[] = []): readonly NormalDevice[] {
  const made = new Map<string, NormalDevice>();
  for (const [index, { path, type, major = 0, minor = 0, fileMode = 0o666, ...owner }] of devices.entries()) {
    const place = treePlace(path);
    if (made.has(place)) continue;
    made.set(place, {
      index,
      place,
      type: type === 'u' ? 'c' : type,
      major,
      minor,
      mode: fileMode & 0o7777,
      uid: containerId(owner.uid ?? 0),
      gid: containerId(owner.gid ?? 0),
    });
  }
  return [...made.values()];
}

function normalSysctls(sysctl: StringMap = {}): readonly NormalSysctl[] {
  return Object.entries(sysctl).map(([name, value]) => ({ name, file: sysctlFile(name), value }));
}

/**
 * sysctl(8): the file below /proc/sys. If the first separator is a dot, dots and slashes change places: net.ipv4.conf.eth0/1.forwarding and
 * net/ipv4/conf/eth0.1/forwarding are one.
 */
export function sysctlFile(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  if (separator !== '.') return name;
  return name.replace(/[./]/g, found => (found === '.' ? '/' : '.'));
}

/** Cache and bandwidth as one list of lines: those of memBwSchema take the place of such in l3CacheSchema (config-linux.md, "IntelRdt"), `schemata` comes last. */
export function schemataLines({
  l3CacheSchema: cache = '',
  memBwSchema: bandwidth = '',
  schemata = [],
}: LinuxIntelRdt): readonly string[] {
  const ofCache = cache.split('\n').filter(line => bandwidth === '' || !line.startsWith('MB:'));
  return [...ofCache, bandwidth, ...schemata.flatMap(text => text.split('\n'))].filter(line => line !== '');
}

function normalIntelRdt(asked: LinuxIntelRdt): NormalIntelRdt {
  return {
    closId: asked.closID || null,
    schemata: schemataLines(asked),
    monitoring: asked.enableMonitoring ?? false,
  };
}

/** Go's omitempty makes an empty list the same as none. */
function normalMemoryPolicy({ mode, nodes: list = '', flags = [] }: LinuxMemoryPolicy): NormalMemoryPolicy {
  const ranges = list === '' ? null : parseCpuList(list, MOST_NODES);
  return { mode, nodes: ranges === null ? null : { list, ranges }, flags: [...new Set(flags)] };
}

/** An empty path hides nothing. */
function hiddenPaths(paths: readonly string[] = []): readonly HiddenPath[] {
  return paths.flatMap((path, index) =>
    path === '' ? [] : { index, path: treePath(path), place: treePlace(path) },
  );
}

/** `..` as at the root of a hierarchy, where it leads nowhere. What has none stays as it is. */
export function withoutDots(path: string): string {
  if (!path.split('/').includes('..')) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `${path.startsWith('/') ? '/' : ''}${parts.join('/')}`;
}

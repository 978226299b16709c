/** `linux` of a config.json, but for resources. */
import type {
  Linux,
  LinuxDevice,
  LinuxNamespace,
  LinuxTimeOffset,
  StringMap,
} from '../../../spec/generated/config.js';
import { containerId } from '../../../spec/ids.js';
import type {
  HiddenPath,
  Namespaces,
  NormalDevice,
  NormalLinux,
  NormalSysctl,
  NormalTimeOffset,
} from '../../../spec/normal-config.js';
import { hostPath, treePath, treePlace } from '../../../spec/paths.js';
import { parsePropagation } from './mount-options.js';
import { normalResources } from './resources.js';

/** One that has passed the checks. */
export function normalLinux(linux: Linux, ociVersion: string): NormalLinux {
  const { cgroupsPath, rootfsPropagation = '' } = linux;
  return {
    namespaces: normalNamespaces(linux.namespaces),
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

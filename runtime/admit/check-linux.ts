import type { Config, LinuxNamespaceType } from '../../spec/generated/config.js';
import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFMT } from '../../spec/kernel.js';
import { treePlace } from '../../spec/paths.js';
import { DEFAULT_GROUP, isMemoryBandwidth, notGroups } from '../../spec/resctrl.js';
import { checkNetDevices } from './check-net-devices.js';
import { checkAbsolute } from './check-text.js';
import { formatPath, type Note, noteKey } from './diagnostic.js';
import { sysctlFile, withoutDots } from './normal/linux.js';

const clocks = ['monotonic', 'boottime'];

/** __NEW_UTS_LEN of linux/utsname.h: bytes that sethostname(2) and setdomainname(2) take. */
const nameLimit = 64;

/** Sysctls under kernel/ that belong to the IPC namespace (linux/ipc/ipc_sysctl.c); fs/mqueue/ does too. */
const ipcSysctls = new Set([
  'kernel/msgmax',
  'kernel/msgmnb',
  'kernel/msgmni',
  'kernel/msg_next_id',
  'kernel/sem',
  'kernel/sem_next_id',
  'kernel/shmall',
  'kernel/shmmax',
  'kernel/shmmni',
  'kernel/shm_next_id',
  'kernel/shm_rmid_forced',
]);

/** Namespaces, host names, sysctls, paths and devices of `linux`. */
export function checkLinux(config: Config, note: Note, warn: Note): void {
  const present = checkNamespaces(config, note);
  checkNames(config, present, note);
  checkTimeOffsets(config, present, note);
  checkSysctls(config, present, note);
  const { netDevices = {} } = config.linux ?? {};
  if (Object.keys(netDevices).length > 0 && !present.has('network'))
    note(['linux', 'netDevices'], { kind: 'needs-namespace', namespace: 'network' });
  checkNetDevices(netDevices, note);
  checkHiddenPaths(config, present, note, warn);
  checkDevices(config, note, warn);
  checkIntelRdt(config, note);
  const { cgroupsPath, personality } = config.linux ?? {};
  // The specification names none. runc (since 1.2) warns, crun does not look.
  if ((personality?.flags ?? []).length > 0)
    warn(['linux', 'personality', 'flags'], {
      kind: 'unsupported',
      feature: 'flags',
      why: 'the domain alone is set',
    });
  if (cgroupsPath?.split('/').includes('..'))
    warn(['linux', 'cgroupsPath'], { kind: 'dots-resolved', path: withoutDots(cgroupsPath) });
}

/** Also returns the types that the container has, made or joined. */
function checkNamespaces(config: Config, note: Note): ReadonlySet<LinuxNamespaceType> {
  const first = new Map<LinuxNamespaceType, number>();
  for (const [index, { type, path }] of (config.linux?.namespaces ?? []).entries()) {
    const base = ['linux', 'namespaces', index];
    const before = first.get(type);
    if (before === undefined) first.set(type, index);
    else note([...base, 'type'], { kind: 'duplicate', first: formatPath(['linux', 'namespaces', before]) });
    // Go's omitempty makes an empty path the same as none: a new namespace.
    if (path !== undefined && path !== '') checkAbsolute(path, [...base, 'path'], note);
  }
  return new Set(first.keys());
}

function checkNames(config: Config, present: ReadonlySet<LinuxNamespaceType>, note: Note): void {
  for (const property of ['hostname', 'domainname'] as const) {
    const name = config[property] ?? '';
    if (name === '') continue;
    if (!present.has('uts')) note([property], { kind: 'needs-namespace', namespace: 'uts' });
    if (Buffer.byteLength(name) > nameLimit) note([property], { kind: 'too-long', limit: nameLimit });
  }
}

/** time_namespaces(7): which clocks have an offset; it can be set only before somebody is in the namespace. */
function checkTimeOffsets(config: Config, present: ReadonlySet<LinuxNamespaceType>, note: Note): void {
  const { timeOffsets = {}, namespaces = [] } = config.linux ?? {};
  for (const [clock, { nanosecs = 0 }] of Object.entries(timeOffsets)) {
    const path = ['linux', 'timeOffsets', clock];
    if (!clocks.includes(clock)) note(path, { kind: 'not-one-of', allowed: clocks });
    if (nanosecs > 999_999_999)
      note([...path, 'nanosecs'], { kind: 'out-of-range', minimum: '0', maximum: '999999999' });
  }
  if (Object.keys(timeOffsets).length === 0) return;
  const path = ['linux', 'timeOffsets'];
  if (!present.has('time')) note(path, { kind: 'needs-namespace', namespace: 'time' });
  const joined = namespaces.findIndex(n => n.type === 'time' && (n.path ?? '') !== '');
  if (joined >= 0)
    note(path, { kind: 'conflict', property: formatPath(['linux', 'namespaces', joined, 'path']) });
}

function checkSysctls(config: Config, present: ReadonlySet<LinuxNamespaceType>, note: Note): void {
  for (const name of Object.keys(config.linux?.sysctl ?? {})) {
    const path = ['linux', 'sysctl', name];
    const file = sysctlFile(name);
    if (file.split('/').some(part => part === '' || part === '.' || part === '..')) {
      // Such a part could lead from a harmless name to any file below /proc/sys.
      noteKey(note, ['linux', 'sysctl'], name, { kind: 'wrong-form', form: 'sysctl-name' });
      continue;
    }
    const namespace = namespaceOf(file);
    if (namespace === undefined) note(path, { kind: 'not-namespaced' });
    else if (!present.has(namespace)) note(path, { kind: 'needs-namespace', namespace });
    else if (namespace === 'uts') {
      const property = file === 'kernel/hostname' ? 'hostname' : 'domainname';
      if ((config[property] ?? '') !== '') note(path, { kind: 'conflict', property });
    }
  }
}

function namespaceOf(file: string): LinuxNamespaceType | undefined {
  if (file.startsWith('net/')) return 'network';
  if (file.startsWith('fs/mqueue/') || ipcSysctls.has(file)) return 'ipc';
  if (file === 'kernel/hostname' || file === 'kernel/domainname') return 'uts';
  if (file.startsWith('user/')) return 'user';
  return undefined;
}

/** A name that leads to another directory would change, and remove, what is not the container's. */
function checkIntelRdt({ linux }: Config, note: Note): void {
  const { closID = '', memBwSchema = '' } = linux?.intelRdt ?? {};
  const path = ['linux', 'intelRdt'];
  const odd =
    closID !== DEFAULT_GROUP && (/[/\n]/.test(closID) || ['.', '..', ...notGroups].includes(closID));
  if (odd) note([...path, 'closID'], { kind: 'wrong-form', form: 'resctrl-group' });
  if (memBwSchema !== '' && !isMemoryBandwidth(memBwSchema))
    note([...path, 'memBwSchema'], { kind: 'wrong-form', form: 'memory-bandwidth' });
}

/** Without a mount namespace of its own, a container that hides paths would hide them from the host. */
function checkHiddenPaths(
  config: Config,
  present: ReadonlySet<LinuxNamespaceType>,
  note: Note,
  warn: Note,
): void {
  for (const property of ['maskedPaths', 'readonlyPaths'] as const) {
    const paths = config.linux?.[property] ?? [];
    if (paths.some(path => path !== '') && !present.has('mount')) {
      note(['linux', property], { kind: 'needs-namespace', namespace: 'mount' });
    }
    for (const [index, path] of paths.entries())
      if (path !== '' && !path.startsWith('/')) warn(['linux', property, index], { kind: 'taken-from-root' });
  }
}

const typeBits = { c: S_IFCHR, u: S_IFCHR, b: S_IFBLK, p: S_IFIFO } as const;

function checkDevices(config: Config, note: Note, warn: Note): void {
  const first = new Map<string, number>();
  for (const [index, { path, type, fileMode = 0 }] of (config.linux?.devices ?? []).entries()) {
    const bits = fileMode & S_IFMT;
    if (bits !== 0 && bits !== typeBits[type])
      warn(['linux', 'devices', index, 'fileMode'], { kind: 'type-bits' });
    const where = ['linux', 'devices', index, 'path'];
    if (path === '') note(where, { kind: 'empty' });
    else if (!path.startsWith('/')) warn(where, { kind: 'taken-from-root' });
    const place = treePlace(path);
    const before = first.get(place);
    if (before === undefined) first.set(place, index);
    else warn(where, { kind: 'first-counts', first: formatPath(['linux', 'devices', before, 'path']) });
  }
}

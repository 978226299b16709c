/**
 * Probe what the compiler is told of this machine (spec/host-facts.ts). On the way of every create and run: no koffi, no child, and
 * mountinfo, which can have thousands of lines, is read only where the cgroup mounts are not where every distribution puts them.
 */
import { closeSync, existsSync, openSync, readSync, statfsSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { HostFacts } from '../../spec/host-facts.js';
import type { Arch } from '../../spec/image.js';
import { probeCgroups } from './cgroup-facts.js';
import { capabilityNumbers, parseKernelVersion } from './facts-text.js';
import { probeUserNamespace, readLink } from './user-namespace.js';

const SELINUX_MAGIC = 0xf97cff8c; // linux/magic.h

/** Such a file gives no size, so node:fs would get itself 64 KiB for each. */
let room = Buffer.allocUnsafe(8192);

/** The whole text of a small file of /proc or /sys; null where there is none. */
export function readProc(path: string): string | null {
  // Making an exception costs a tenth of a millisecond, asking first nearly nothing.
  if (!existsSync(path)) return null;
  let fd = -1;
  try {
    fd = openSync(path, 'r');
    for (let length = 0; ; ) {
      const count = readSync(fd, room, length, room.length - length, null);
      length += count;
      if (count === 0) return room.toString('latin1', 0, length);
      if (length === room.length) room = Buffer.concat([room, room]);
    }
  } catch {
    return null;
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** The magic number of the file system at a path; null if the path cannot be reached. */
export function fileSystemMagic(path: string): number | null {
  if (!existsSync(path)) return null;
  try {
    return statfsSync(path).type;
  } catch {
    return null;
  }
}

/** The machine that launch programs are compiled for. */
export function hostArch(): Arch {
  if (process.arch === 'x64') return 'x86_64';
  if (process.arch === 'arm64') return 'aarch64';
  throw new Error(`no engine for ${process.arch}`);
}

/** What is looked at, so that a test can put another machine in its place. */
export interface FactSources {
  readonly read: (path: string) => string | null;
  readonly magicOf: (path: string) => number | null;
  readonly link: (path: string) => string | null;
}

const machine: FactSources = { read: readProc, magicOf: fileSystemMagic, link: readLink };

/** The list of /sys/kernel/security/lsm, where securityfs is mounted; else each module's own files. */
function probeLsm({ read, magicOf }: FactSources): HostFacts['lsm'] {
  const list = read('/sys/kernel/security/lsm');
  const listed = list === null ? null : new Set(list.trim().split(','));
  const apparmor = read('/sys/module/apparmor/parameters/enabled')?.startsWith('Y') ?? false;
  const selinux = magicOf('/sys/fs/selinux') === SELINUX_MAGIC;
  return {
    apparmor: apparmor && (listed?.has('apparmor') ?? true),
    selinux: selinux && (listed?.has('selinux') ?? true),
  };
}

/** Asked of the system only for others than root: it may be a directory service that has to answer. */
function ownerName(): string {
  if (process.geteuid?.() === 0) return 'root';
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.());
  }
}

export function probeHostFacts(sources: FactSources = machine): HostFacts {
  return {
    arch: hostArch(),
    kernel: parseKernelVersion(sources.read('/proc/sys/kernel/osrelease') ?? ''),
    lastCapability: Number(sources.read('/proc/sys/kernel/cap_last_cap') ?? 40),
    capabilities: capabilityNumbers(sources.read('/proc/self/status') ?? ''),
    euid: process.geteuid?.() ?? 0,
    egid: process.getegid?.() ?? 0,
    owner: ownerName(),
    cgroup: probeCgroups(sources),
    userNamespace: probeUserNamespace(sources),
    withheld: null,
    lsm: probeLsm(sources),
  };
}

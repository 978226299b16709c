/**
 * Probe what the compiler is told of this machine (spec/host-facts.ts). On the way of every create and run: no koffi, no child, and
 * mountinfo, which can have thousands of lines, is read only where the cgroup mounts are not where every distribution puts them.
 */
import { userInfo } from 'node:os';
import type { Caller } from '../../spec/caller.js';
import type { HostFacts } from '../../spec/host-facts.js';
import type { Arch } from '../../spec/image.js';
import { isMountInfo, isOwnFile, linkFor, readFor } from './caller.js';
import { PlaceMemory, type Places, probeCgroups } from './cgroup-facts.js';
import { capabilityNumbers, parseKernelVersion } from './facts-text.js';
import { Looks } from './looks.js';
import { hostReader, ReadAhead } from './read-ahead.js';
import { probeUserNamespace } from './user-namespace.js';

const SELINUX_MAGIC = 0xf97cff8c; // linux/magic.h

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
  /** Of the machine that `read` reads of. */
  readonly places?: Places;
  /** Of a user who is not in /etc/passwd, or his number. */
  readonly nameOf?: (euid: number) => string;
}

/** Fixed when the kernel has started. Of these files what was read once is not read again; that there is none is no fact: /proc and securityfs may be mounted later. */
const fixed = ['/proc/sys/kernel/osrelease', '/proc/sys/kernel/cap_last_cap', '/sys/kernel/security/lsm'];
const known = new Map<string, string>();

const ahead = new ReadAhead(hostReader);

function readKnowing(caller: Caller): (path: string) => string | null {
  const read = readFor(caller, ahead.text);
  return path => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const text = read(path);
    if (text !== null && fixed.includes(path)) known.set(path, text);
    return text;
  };
}

const places = new PlaceMemory();

/** The machine of a caller; `looks` is told of all that is asked. */
export function machineOf(caller: Caller, looks: Looks): FactSources {
  const read = readKnowing(caller);
  return {
    places: { find: (lines, make) => places.find(lines, read, looks, make) },
    read: path => {
      const text = read(path);
      if (isMountInfo(path)) looks.cgroupMounts(path, text);
      else if (!isOwnFile(path)) looks.text(path, text);
      return text;
    },
    magicOf: path => {
      const magic = ahead.magicOf(path);
      looks.magic(path, magic);
      return magic;
    },
    link: linkFor(caller),
    nameOf: euid => {
      looks.cannot();
      return nameElsewhere(euid);
    },
  };
}

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

/** Of passwd(5); null: none has that id. */
export const nameIn = (passwd: string, uid: number): string | null =>
  new RegExp(`^([^:\\n]+):[^:\\n]*:${uid}:`, 'm').exec(passwd)?.[1] ?? null;

/** Of who is in no file: it may be a directory service that has to answer. */
function nameElsewhere(euid: number): string {
  // Bun's userInfo() asks the environment, which is nobody's here: "unknown" (Bun 1.4).
  if (process.versions.bun !== undefined) return String(euid);
  try {
    const { uid, username } = userInfo();
    return uid === euid ? username : String(euid);
  } catch {
    return String(euid);
  }
}

/** By /etc/passwd, whatever nsswitch.conf(5) has before it; asked of the system only for others than root. */
function ownerName(euid: number, { read, nameOf = nameElsewhere }: FactSources): string {
  return euid === 0 ? 'root' : (nameIn(read('/etc/passwd') ?? '', euid) ?? nameOf(euid));
}

/** What can be looked at before a request has come, for a caller like the last one. */
function probeMachine(sources: FactSources): Pick<HostFacts, 'cgroup' | 'userNamespace' | 'lsm'> {
  return {
    cgroup: probeCgroups(sources),
    userNamespace: probeUserNamespace(sources),
    lsm: probeLsm(sources),
  };
}

/** Reads of the machine what a request of such a caller will. Whoever calls this sees to it that the readings serve only who had connected before. */
export const lookAhead = (caller: Caller): void =>
  ahead.look(() => probeMachine(machineOf(caller, new Looks())));
export const forgetAhead = (): void => ahead.forget();

export function probeHostFacts(
  caller: Caller,
  sources: FactSources = machineOf(caller, new Looks()),
): HostFacts {
  return {
    arch: hostArch(),
    kernel: parseKernelVersion(sources.read('/proc/sys/kernel/osrelease') ?? ''),
    lastCapability: Number(sources.read('/proc/sys/kernel/cap_last_cap') ?? 40),
    capabilities: capabilityNumbers(sources.read('/proc/self/status') ?? ''),
    euid: caller.euid,
    egid: caller.egid,
    owner: ownerName(caller.euid, sources),
    withheld: null,
    ...probeMachine(sources),
  };
}

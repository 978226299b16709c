/** Who has connected, and whether the service may answer: as the kernel tells, not as the request does. */
import { readlinkSync, statSync } from 'node:fs';
import { callerNamespaces } from '../../spec/caller.js';
import { peerOf, stillRuns } from '../host/peer-credentials.js';
import { readProc } from '../host/read-proc.js';

/** What two processes must have in common, or the same path, id or pid is something else to them. */
interface Standing {
  readonly root: string;
  readonly uid: number;
  readonly gid: number;
  /** That of files among them. */
  readonly groups: () => string;
  /** CapEff */
  readonly capabilities: bigint;
  /** no_new_privs, without which only CAP_SYS_ADMIN may take a Landlock domain. */
  readonly bound: boolean;
}

/** "user:[4026531837]" of each. Throws where /proc does not tell: the process has ended, or is closed to us. */
const namespacesOf = (pid: number | 'self'): readonly string[] =>
  callerNamespaces.map(name => readlinkSync(`/proc/${pid}/ns/${name}`));

/** Of /proc/PID/status; made once, for each request is looked at. */
const fields = {
  uid: /^Uid:\s+\d+\s+(\d+)/m,
  gid: /^Gid:\s+\d+\s+(\d+)/m,
  groups: /^Groups:(.*)$/m,
  capabilities: /^CapEff:\s*(\S+)$/m,
  bound: /^NoNewPrivs:\s*(\d)$/m,
};

/** Throws likewise. */
function standingOf(pid: number | 'self'): Standing {
  const of = `/proc/${pid}`;
  const status = readProc(`${of}/status`);
  if (status === null) throw new Error(`${of}/status cannot be read`);
  const field = (name: keyof typeof fields): string => fields[name].exec(status)?.[1] ?? '';
  const { dev, ino } = statSync(`${of}/root/`, { bigint: true });
  const gid = field('gid');
  return {
    root: `${dev}:${ino}`,
    uid: Number(field('uid') || -1),
    gid: Number(gid || -1),
    groups: () => [...new Set([gid, ...field('groups').trim().split(/\s+/)])].sort().join(' ').trim(),
    capabilities: BigInt(`0x${field('capabilities') || '0'}`),
    bound: field('bound') === '1',
  };
}

/** What AppArmor confines a process by, such as "unconfined" or "name (enforce)"; null: there is no AppArmor. */
const labelOf = (pid: number | 'self'): string | null =>
  readProc(`/proc/${pid}/attr/apparmor/current`)?.trim() ?? null;

/** Whether who has this label may read less than who has that one. */
export const isConfined = (label: string | null, by: string | null): boolean =>
  label !== null && label !== by && !/^unconfined$| \((?:unconfined|complain)\)$/.test(label);

const own = standingOf('self');
const ownGroups = own.groups();
const ownLabel = labelOf('self');
/** In a container, say, everything is bound, from its first process on; that says nothing then. */
const allAreBound = fields.bound.exec(readProc('/proc/1/status') ?? '')?.[1] === '1';
const namespaces = namespacesOf('self');
const rootName = readlinkSync('/proc/self/root');
/** Numbers in /proc are those of this pid namespace: it may be mounted from another, where the number of a peer is somebody else's. */
const numbersAreOurs = readlinkSync('/proc/self') === `${process.pid}`;
/** CAP_DAC_OVERRIDE or CAP_DAC_READ_SEARCH: with it no group opens anything more to who reads. */
const everything = ((own.capabilities >> 1n) & 3n) !== 0n;

/** Who is at the other end, for the log; why it is not served: null, it is. Whatever we read for it, it could read itself. To be asked when it has connected. */
export function strangerAt(fd: number): { readonly pid: number | null; readonly why: string | null } {
  const peer = peerOf(fd);
  if (peer === null) return { pid: null, why: 'it cannot tell who asks' };
  const { pid } = peer;
  if (!numbersAreOurs) return { pid, why: '/proc is that of another pid namespace' };
  if (peer.uid !== own.uid) return { pid, why: 'it serves another user' };
  try {
    const why = whyNotServed(pid);
    return { pid, why: why === null && !stillRuns(fd) ? 'who asked has ended' : why };
  } catch {
    return { pid, why: '/proc does not tell it who asks' };
  }
}

function whyNotServed(pid: number): string | null {
  // Its root may be on a file system that never answers; in our namespaces only root can have such a root.
  if (
    namespacesOf(pid).some((name, i) => name !== namespaces[i]) ||
    readlinkSync(`/proc/${pid}/root`) !== rootName
  )
    return 'it has another root or is in other namespaces';
  const peer = standingOf(pid);
  if (peer.uid !== own.uid || peer.gid !== own.gid) return 'it serves another user';
  if (peer.root !== own.root) return 'it has another root or is in other namespaces';
  if ((own.capabilities & ~peer.capabilities) !== 0n) return 'the caller has fewer capabilities';
  if (!everything && peer.groups() !== ownGroups) return 'the caller has other groups';
  if (peer.bound && !allAreBound) return 'the caller has no_new_privs, and may be confined';
  return ownLabel !== null && isConfined(labelOf(pid), ownLabel) ? 'AppArmor confines the caller' : null;
}

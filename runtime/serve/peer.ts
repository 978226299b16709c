/** Who has connected, and whether the service may answer: as the kernel tells, not as the request does. */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { callerNamespaces } from '../../spec/caller.js';
import { peerOf, stillHas } from '../host/peer-credentials.js';

/** What two processes must have in common, or the same path, id or pid is something else to them. */
interface Standing {
  readonly namespaces: readonly string[];
  readonly root: string;
  readonly uid: number;
  readonly gid: number;
  /** That of files among them. */
  readonly groups: string;
  /** CapEff */
  readonly capabilities: bigint;
}

/** "user:[4026531837]" of each. Throws where /proc does not tell: the process has ended, or is closed to us. */
const namespacesOf = (pid: number | 'self'): readonly string[] =>
  callerNamespaces.map(name => readlinkSync(`/proc/${pid}/ns/${name}`));

/** Throws likewise. */
function standingOf(pid: number | 'self'): Standing {
  const of = `/proc/${pid}`;
  const status = readFileSync(`${of}/status`, 'latin1');
  const field = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
  const effective = (ids: string): number => Number(ids.split(/\s+/)[1] ?? -1);
  const gid = effective(field('Gid'));
  const { dev, ino } = statSync(`${of}/root/`, { bigint: true });
  return {
    namespaces: namespacesOf(pid),
    root: `${dev}:${ino}`,
    uid: effective(field('Uid')),
    gid,
    groups: [...new Set([`${gid}`, ...field('Groups').split(/\s+/)])].sort().join(' ').trim(),
    capabilities: BigInt(`0x${field('CapEff') || '0'}`),
  };
}

const own = standingOf('self');
const rootName = readlinkSync('/proc/self/root');
/** CAP_DAC_OVERRIDE or CAP_DAC_READ_SEARCH: with it no group opens anything more to who reads. */
const everything = ((own.capabilities >> 1n) & 3n) !== 0n;

/** Who is at the other end, for the log; why it is not served: null, it is. Whatever we read for it, it could read itself. To be asked when it has connected. */
export function strangerAt(fd: number): { readonly pid: number | null; readonly why: string | null } {
  const peer = peerOf(fd);
  if (peer === null) return { pid: null, why: 'it cannot tell who asks' };
  const { pid } = peer;
  if (peer.uid !== own.uid) return { pid, why: 'it serves another user' };
  try {
    const why = whyNotServed(pid);
    return { pid, why: why === null && !stillHas(fd, pid) ? 'who asked has ended' : why };
  } catch {
    return { pid, why: '/proc does not tell it who asks' };
  }
}

function whyNotServed(pid: number): string | null {
  // Its root may be on a file system that never answers; in our namespaces only root can have such a root.
  if (
    namespacesOf(pid).some((name, i) => name !== own.namespaces[i]) ||
    readlinkSync(`/proc/${pid}/root`) !== rootName
  )
    return 'it has another root or is in other namespaces';
  const peer = standingOf(pid);
  if (peer.uid !== own.uid || peer.gid !== own.gid) return 'it serves another user';
  if (peer.root !== own.root) return 'it has another root or is in other namespaces';
  if ((own.capabilities & ~peer.capabilities) !== 0n) return 'the caller has fewer capabilities';
  return everything || peer.groups === own.groups ? null : 'the caller has other groups';
}

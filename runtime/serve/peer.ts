/** Who has connected, and whether the service may answer: as the kernel tells, not as the request does. */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { callerNamespaces } from '../../spec/caller.js';
import type { Peer } from '../host/peer-credentials.js';

/** What two processes must have in common, or the same path, id or pid is something else to them. */
interface Standing {
  readonly namespaces: readonly string[];
  readonly root: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: string;
  /** CapEff */
  readonly capabilities: bigint;
}

/** Throws where /proc does not tell: the process has ended, or is closed to us. */
function standingOf(pid: number | 'self'): Standing {
  const of = `/proc/${pid}`;
  const status = readFileSync(`${of}/status`, 'latin1');
  const field = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
  const effective = (ids: string): number => Number(ids.split(/\s+/)[1] ?? -1);
  const { dev, ino } = statSync(`${of}/root/`, { bigint: true });
  return {
    namespaces: callerNamespaces.map(name => readlinkSync(`${of}/ns/${name}`)),
    root: `${dev}:${ino}`,
    uid: effective(field('Uid')),
    gid: effective(field('Gid')),
    groups: field('Groups').split(/\s+/).sort().join(' '),
    capabilities: BigInt(`0x${field('CapEff') || '0'}`),
  };
}

const own = standingOf('self');
/** CAP_DAC_OVERRIDE: with it no group opens anything more. */
const everything = ((own.capabilities >> 1n) & 1n) === 1n;

/** Why a process is not served; null: it is. Whatever we read for it, it could read itself. */
export function whyNotServed({ pid, uid }: Peer): string | null {
  if (uid !== own.uid) return 'it serves another user';
  let peer: Standing;
  try {
    peer = standingOf(pid);
  } catch {
    return '/proc does not tell it who asks';
  }
  if (peer.uid !== own.uid || peer.gid !== own.gid) return 'it serves another user';
  if (peer.root !== own.root || peer.namespaces.some((name, i) => name !== own.namespaces[i]))
    return 'it has another root or is in other namespaces';
  if ((own.capabilities & ~peer.capabilities) !== 0n) return 'the caller has fewer capabilities';
  return everything || peer.groups === own.groups ? null : 'the caller has other groups';
}

/**
 * Mount points that a tree lacks, made while it is nobody's yet: then it is the root of its environments itself, and no skeleton is put together at each start. What
 * is there stays as it is, and no link is followed: where one is in the way there is no place to make.
 */
import { chmodSync, lstatSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import type { MountFact } from '../../spec/environment.js';
import { HOST_VIEW } from '../trees/host-view.js';
import { isWithin, mountOf } from '../trees/mount-facts.js';
import { join, LINKS, names, parent } from '../trees/path-parts.js';
import type { RegisteredTree } from '../trees/registry.js';
import { bytesOf, look } from './inside.js';

export interface Place {
  readonly path: string;
  readonly kind: 'directory' | 'file';
  /** Of a directory; default 0755. */
  readonly mode?: number;
}

/** What environments, containers and sites mount something on, whatever the registry says today. */
const usual: readonly Place[] = [
  ...[...HOST_VIEW, '/run'].map(path => ({ path, kind: 'directory' as const })),
  { path: '/tmp', kind: 'directory', mode: 0o1777 },
  ...['passwd', 'group', 'nsswitch.conf', 'hosts', 'resolv.conf', 'localtime', 'machine-id'].map(name => ({
    path: `/etc/${name}`,
    kind: 'file' as const,
  })),
];

/** File systems whose server may not answer, and automounts, which would go to one: what is there is taken for a directory, and nobody is asked. */
const REMOTE =
  /^(nfs|cifs|smb|lustre|ceph|autofs|fuse|gpfs|beegfs|9p|afs|orangefs|pvfs|glusterfs|panfs|wekafs)/;

/** As it is on the host; null: it is not there. Each step is judged before it is gone to: a link may lead to a server, too. */
function kindOf(path: string, mounts: readonly MountFact[]): Place['kind'] | null {
  const rest = [...names(path)];
  let at = '/';
  let links = 0;
  try {
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      if (name === '..') {
        at = parent(at);
        continue;
      }
      const next = join(at, name);
      if (REMOTE.test(mountOf(next, mounts)?.type ?? '')) return 'directory';
      if (!lstatSync(next).isSymbolicLink()) {
        at = next;
        continue;
      }
      links++;
      if (links > LINKS) return null;
      const target = readlinkSync(next);
      if (target.startsWith('/')) at = '/';
      rest.unshift(...names(target));
    }
    return lstatSync(at).isDirectory() ? 'directory' : 'file';
  } catch {
    return null;
  }
}

/** Of a tree that the registry shows so, on a host with these mounts; null: it shows nothing of it. */
export function placesOf(
  tree: Pick<RegisteredTree, 'shares'> | null,
  mounts: readonly MountFact[],
): readonly Place[] {
  const shares = (tree?.shares ?? []).flatMap(({ path, from }): readonly Place[] => {
    // What is written for `files` may not be there yet.
    const kind = from === undefined ? kindOf(path, mounts) : 'file';
    return kind === null ? [] : [{ path, kind }];
  });
  const covering = [...HOST_VIEW, ...shares.map(({ path }) => path)];
  return [...usual, ...shares].filter(
    ({ path }) => !covering.some(point => point !== path && isWithin(path, point)),
  );
}

/** Whether there was something to make. Throws errors of node:fs. */
function makePlace(tree: string, { path, kind, mode = 0o755 }: Place): boolean {
  const parts = names(path);
  let at = tree;
  let made = false;
  for (const [i, name] of parts.entries()) {
    if (name === '..') return false;
    const isLast = i === parts.length - 1;
    at += `/${Buffer.from(name).toString('latin1')}`;
    const stat = look(at);
    if (stat !== null) {
      if (!stat.isDirectory()) return false;
      continue;
    }
    made = true;
    if (isLast && kind === 'file') writeFileSync(bytesOf(at), '', { flag: 'wx' });
    else mkdirSync(bytesOf(at));
    // Whatever the umask is.
    chmodSync(bytesOf(at), isLast ? (kind === 'file' ? 0o644 : mode) : 0o755);
  }
  return made;
}

/** The paths of those that were made. */
export function makePlaces(tree: string, places: readonly Place[]): readonly string[] {
  return places.filter(place => makePlace(tree, place)).map(({ path }) => path);
}

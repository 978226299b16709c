/** One archive laid over what is there. What it takes away or replaces goes first, then bsdtar, whose root is the tree, adds the rest. */
import { readdirSync } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { bad, fileFault, good, type Result } from './fault.js';
import { bytesOf, look, placeIn, removeAll } from './inside.js';
import type { Entry } from './listing.js';
import { feed, type Scanned } from './scan.js';

/** Image specification, "Whiteouts". */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Others of the storage driver aufs, which mean nothing elsewhere. */
const PRIVATE = '.wh..wh.';

/** The place of a name whose parents are mostly those of the name before. */
function placesIn(tree: string): (path: string) => string | null {
  let parent = '';
  let place: string | null = null;
  return path => {
    const cut = path.lastIndexOf('/');
    const directory = path.slice(0, Math.max(0, cut));
    if (place === null || directory !== parent) {
      parent = directory;
      place = placeIn(tree, directory, 'follow');
    }
    return place === null ? null : `${place}/${path.slice(cut + 1)}`;
  };
}

/** What a whiteout takes away; null: it is none, or one that means nothing. */
function takenAway(tree: string, path: string, what: string): Result<readonly string[] | null> {
  const cut = path.lastIndexOf('/');
  const name = path.slice(cut + 1);
  if (!name.startsWith(WHITEOUT)) return good(null);
  const hidden = name.slice(WHITEOUT.length);
  if (['', '.', '..'].includes(hidden)) return bad({ kind: 'leaves', what, entry: path });
  const directory = placeIn(tree, path.slice(0, Math.max(0, cut)), 'follow');
  if (directory === null || (name !== OPAQUE && name.startsWith(PRIVATE))) return good([]);
  if (name !== OPAQUE) return good([`${directory}/${hidden}`]);
  if (!look(directory)?.isDirectory()) return good([]);
  const inside = readdirSync(bytesOf(directory), { encoding: 'buffer' });
  return good(inside.map(one => `${directory}/${one.toString('latin1')}`));
}

const isWhiteout = ({ path }: Entry): boolean => path.slice(path.lastIndexOf('/') + 1).startsWith(WHITEOUT);

/** What bsdtar would not replace: a directory by something else, and something else by a directory. */
function replaced(tree: string, entries: readonly Entry[]): readonly string[] {
  const place = placesIn(tree);
  return entries.flatMap(({ path, type }) => {
    if (path === '') return [];
    const at = place(path);
    const there = at === null ? null : look(at);
    return at !== null && there !== null && there.isDirectory() !== (type === 'd') ? [at] : [];
  });
}

function makeWay(tree: string, { entries, archive: { what } }: Scanned, layered: boolean): Result<null> {
  const plain = layered ? entries.filter(entry => !isWhiteout(entry)) : entries;
  if (layered)
    for (const { path } of entries) {
      const taken = takenAway(tree, path, what);
      if (taken.kind === 'fault') return taken;
      for (const one of taken.value ?? []) removeAll(one);
    }
  for (const one of replaced(tree, plain)) removeAll(one);
  return good(null);
}

export interface Unpacking {
  readonly tree: string;
  /** It may hold whiteouts, and is not the first. */
  readonly layered: boolean;
  readonly lock: number;
  readonly onBytes: (count: number) => void;
}

export async function unpack(scanned: Scanned, how: Unpacking): Promise<Result<null>> {
  const { tree, layered, lock, onBytes } = how;
  const { archive } = scanned;
  try {
    const way = makeWay(tree, scanned, layered);
    if (way.kind === 'fault') return way;
    return await feed(scanned, onBytes, {
      args: [
        ...['-xpPSf', '-', '--chroot', '-C', tree, '--numeric-owner', '--no-fflags'],
        ...(layered ? ['--exclude', `${WHITEOUT}*`] : []),
      ],
      verb: `unpack \`${archive.what}\``,
      hold: [lock],
    });
  } catch (error) {
    return fileFault('unpack', archive.what, codeOf(error));
  }
}

/** Taking versions away: one by one, so that what is left at any moment is whole, or is known to be nothing. */
import { readdirSync, rmSync } from 'node:fs';
import { imageBeside } from '../trees/tree-directory.js';
import { holdersOf } from './held.js';
import { unmountImage } from './image-file.js';
import { removeAll } from './inside.js';
import { currentVersion, homeOf, recordOf, versionOf, versionsOf } from './place.js';

/** A version of a name, or what commands that were killed have left of it. */
export interface Piece {
  readonly name: string;
  readonly version: number | null;
}

export interface Cleared {
  readonly removed: readonly Piece[];
  readonly kept: readonly (Piece & { readonly holders: readonly string[] })[];
  /** Names of what no command has made. */
  readonly others: readonly string[];
}

/** Without its record it is no version any more; then its files go. */
export function removeVersion(name: string, version: number): void {
  rmSync(recordOf(name, version), { force: true });
  removePlaces([versionOf(name, version), imageBeside(versionOf(name, version))]);
}

/** What is mounted goes before the image that says so. */
function removePlaces(places: readonly string[]): void {
  for (const place of places) unmountImage(place);
  for (const place of places) removeAll(place);
}

/** The place of a name with all in it, the lock last: until then nobody else begins there. */
export function removePlace(name: string): void {
  removePlaces(
    readdirSync(homeOf(name))
      .filter(file => file !== 'lock')
      .map(file => `${homeOf(name)}/${file}`),
  );
  removeAll(homeOf(name));
}

/** What commands make in the place of a name, besides `lock` and `current`. Other things there are somebody's. */
const OURS = /^(part|part\.json|part\.link|[1-9][0-9]{0,8}(\.json|\.squashfs)?)$/;

/** What stands in the place of a name, and is neither a whole version nor what leads to one. */
function leftovers(name: string, used: readonly string[]): readonly string[] {
  const whole = new Set(
    versionsOf(name).flatMap(version => [`${version}`, `${version}.json`, `${version}.squashfs`]),
  );
  const isUsed = (file: string): boolean =>
    used.some(path => `${path}/`.startsWith(`${homeOf(name)}/${file}/`));
  return readdirSync(homeOf(name)).filter(file => OURS.test(file) && !whole.has(file) && !isUsed(file));
}

/**
 * With the lock of the name. `used`: paths that the registry has there; with none, nothing of it is needed. Else the version in use and the one before it stay,
 * and what the registry names itself. `empty`: a place with nothing in it goes too. `takenUp`: what was left in `part` stays for who makes a version now.
 */
export function clearAway(
  name: string,
  used: readonly string[],
  { empty = false, takenUp = false } = {},
): Cleared {
  const current = currentVersion(name);
  const versions = versionsOf(name);
  const before = versions.findLast(version => current !== null && version < current);
  const needed = (version: number): boolean =>
    used.length > 0 &&
    (current === null ||
      version === current ||
      version === before ||
      used.includes(versionOf(name, version)));
  const removed: Piece[] = [];
  const kept: Cleared['kept'][number][] = [];
  for (const version of versions.filter(one => !needed(one))) {
    const piece = { name, version };
    const holders = holdersOf(versionOf(name, version));
    if (holders.length > 0) {
      kept.push({ ...piece, holders });
      continue;
    }
    removeVersion(name, version);
    removed.push(piece);
  }
  const left = leftovers(name, used);
  const gone = left.filter(file => !(takenUp && file === 'part'));
  const held = left.flatMap(file => holdersOf(`${homeOf(name)}/${file}`));
  const rests: Piece = { name, version: null };
  if (held.length > 0) kept.push({ ...rests, holders: held });
  else if (gone.length > 0) {
    removePlaces(gone.map(file => `${homeOf(name)}/${file}`));
    removed.push(rests);
  }
  const rest = readdirSync(homeOf(name)).filter(file => file !== 'lock' && file !== 'current');
  const others = rest.filter(file => !OURS.test(file) && used.length === 0);
  if (empty && used.length === 0 && rest.length === 0) removePlace(name);
  return { removed, kept, others };
}

/**
 * The digest of a tree's content, as hooks/tree-digest/walk.c makes it (hooks/tree-digest/README.md has the definition; conformance/trees/digest-cases.ts compares
 * the two): SHA-256 over a record for each entry,
 *
 *     TYPE MODE UID GID DETAIL ./PATH NUL
 *
 * a directory before what is in it, names in byte order, without what is mounted in the tree. Names are bytes, not text: here they are Latin-1 strings.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { codeOf, Unreadable } from '../host/error-code.js';
import { parseMountFacts } from '../trees/mount-facts.js';
import { bad, fileFault, good, type Result } from './fault.js';
import { type Hashed, type HashPool, hashPool } from './hash-worker.js';
import { interrupted, interruption } from './interruption.js';

export interface TreeDigest {
  readonly digest: string;
  readonly entries: number;
  /** Of the content of files. */
  readonly bytes: number;
}

interface Found {
  /** `.` or `./usr/bin`, in Latin-1. */
  readonly path: string;
  readonly stat: Stats;
  readonly detail: string | null;
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Absolute places, in Latin-1, of what is mounted below. */
function mountedBelow(root: string): ReadonlySet<string> {
  const points = parseMountFacts(readFileSync('/proc/self/mountinfo', 'latin1')).map(({ point }) => point);
  return new Set(points.filter(point => point.startsWith(`${root}/`)));
}

/** What fails is told of its place, and not of the descriptor by which it was looked at. */
function at<Value>(place: string, look: () => Value): Value {
  try {
    return look();
  } catch (error) {
    throw new Unreadable(place, codeOf(error));
  }
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * `directory`: an open one, since whoever can write to one in the tree may put a link in its place at any time: what that leads to is not the tree's, and not for all to
 * read. What is yielded is open until the next is asked for. Throws Unreadable.
 */
function* walk(
  root: string,
  inner: string,
  mounted: ReadonlySet<string>,
  directory: number,
): Generator<Found> {
  const own = `/proc/self/fd/${directory}`;
  const names = at(`${root}${inner.slice(1)}` || '/', () => readdirSync(own, { encoding: 'buffer' }));
  // In Latin-1 the order of characters is that of bytes.
  for (const name of names.map(one => one.toString('latin1')).sort((one, other) => (one < other ? -1 : 1))) {
    const path = `${inner}/${name}`;
    const place = `${root}${path.slice(1)}`;
    if (mounted.has(place)) continue;
    const open = bytesOf(`${own}/${name}`);
    const stat = at(place, () => lstatSync(open));
    yield { path, stat, detail: at(place, () => detail(open, stat)) };
    if (!stat.isDirectory()) continue;
    const fd = at(place, () => openSync(open, DIRECTORY));
    try {
      yield* walk(root, path, mounted, fd);
    } finally {
      closeSync(fd);
    }
  }
}

function letter(stat: Stats): string {
  if (stat.isFile()) return 'f';
  if (stat.isDirectory()) return 'd';
  if (stat.isSymbolicLink()) return 'l';
  if (stat.isCharacterDevice()) return 'c';
  if (stat.isBlockDevice()) return 'b';
  return stat.isFIFO() ? 'p' : 's';
}

/** dev_t as the C library splits it: gnu_dev_major(3). */
function deviceNumbers(rdev: number): string {
  const number = BigInt(rdev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** Null: the hash of its content, which others make. */
function detail(place: Buffer, stat: Stats): string | null {
  if (stat.isFile()) return null;
  if (stat.isSymbolicLink())
    return createHash('sha256')
      .update(readlinkSync(place, { encoding: 'buffer' }))
      .digest('hex');
  return stat.isCharacterDevice() || stat.isBlockDevice() ? deviceNumbers(stat.rdev) : '-';
}

const record = ({ path, stat }: Found, what: string): Buffer =>
  bytesOf(
    `${letter(stat)} ${(stat.mode & 0o7777).toString(8).padStart(4, '0')} ${stat.uid} ${stat.gid} ${what} ${path}\0`,
  );

/** A part of the walk whose files are at work. */
interface Batch {
  readonly found: readonly Found[];
  readonly hashed: Promise<readonly Hashed[]>;
}

/** A worker is kept busy for long compared with what handing it a batch takes, and no batch is much longer than the others. */
const BATCH_FILES = 256;
const BATCH_BYTES = 32 << 20;

function* batches(root: string, entries: Iterable<Found>, pool: HashPool): Generator<Batch> {
  let found: Batch['found'][number][] = [];
  let paths: Uint8Array[] = [];
  let bytes = 0;
  for (const entry of entries) {
    found.push(entry);
    if (entry.detail === null) {
      paths.push(bytesOf(`${root}${entry.path.slice(1)}`));
      bytes += entry.stat.size;
    }
    if (paths.length < BATCH_FILES && bytes < BATCH_BYTES && found.length < 4 * BATCH_FILES) continue;
    yield { found, hashed: pool.hash(paths, true) };
    [found, paths, bytes] = [[], [], 0];
  }
  yield { found, hashed: pool.hash(paths, true) };
}

/** The real path in Latin-1, as /proc/self/mountinfo has it; of `/`, which would end in a slash, nothing. */
function rootOf(path: string): string {
  return realpathSync(path, { encoding: 'buffer' }).toString('latin1').replace(/\/$/, '');
}

/** What it may hold at most, before any of it is read: sizes that files claim cost an image nothing. */
export interface Most {
  readonly entries: number;
  /** Null: any. */
  readonly bytes: number | null;
  /** What messages call it. */
  readonly what: string;
}

interface Watching {
  readonly most?: Most | null;
  /** That many of the content are read. */
  readonly onBytes?: (count: number) => void;
}

function overBy(most: Most | null, entries: number, bytes: number): Result<never> | null {
  if (most === null) return null;
  const { what, entries: all, bytes: limit } = most;
  if (entries > all) return bad({ kind: 'too-many', what, unit: 'entries', most: all });
  return limit !== null && bytes > limit ? bad({ kind: 'too-large', what, limit, by: '--limit' }) : null;
}

async function digestWith(path: string, pool: HashPool, watching: Watching): Promise<Result<TreeDigest>> {
  const root = rootOf(path);
  const directory = openSync(bytesOf(root || '/'), DIRECTORY);
  try {
    return await digestBelow(root, directory, pool, watching);
  } finally {
    closeSync(directory);
  }
}

async function digestBelow(
  root: string,
  directory: number,
  pool: HashPool,
  { most = null, onBytes }: Watching,
): Promise<Result<TreeDigest>> {
  const stat = fstatSync(directory);
  const all = createHash('sha256');
  let entries = 0;
  let bytes = 0;
  async function take({ found, hashed }: Batch): Promise<Result<null>> {
    const hashes = (await hashed)[Symbol.iterator]();
    if (interruption.aborted) return interrupted(`make the digest of \`${root || '/'}\``);
    for (const entry of found) {
      entries++;
      if (entry.detail !== null) {
        all.update(record(entry, entry.detail));
        continue;
      }
      const one: Hashed = hashes.next().value ?? { code: 'EIO' };
      if ('code' in one)
        return bad({ kind: 'file', verb: 'read', path: `${root}${entry.path.slice(1)}`, code: one.code });
      bytes += one.bytes;
      onBytes?.(one.bytes);
      all.update(record(entry, one.hex));
    }
    return good(null);
  }
  const claimed = { entries: 0, bytes: 0 };
  let over: ReturnType<typeof overBy> = null;
  function* everything(): Generator<Found> {
    yield { path: '.', stat, detail: '-' };
    for (const found of walk(root, '.', mountedBelow(root), directory)) {
      claimed.entries++;
      if (found.stat.isFile()) claimed.bytes += found.stat.size;
      over = overBy(most, claimed.entries, claimed.bytes);
      if (over !== null) return;
      yield found;
    }
  }
  const atWork: Batch[] = [];
  for (const batch of batches(root, everything(), pool)) {
    if (over !== null) return over;
    atWork.push(batch);
    // Enough that no worker waits for the walk; not so many that a tree of millions fills the memory.
    if (atWork.length < 3 * pool.size) continue;
    const taken = await take(atWork.shift() as Batch);
    if (taken.kind === 'fault') return taken;
  }
  for (const batch of atWork) {
    const taken = await take(batch);
    if (taken.kind === 'fault') return taken;
  }
  return good({ digest: `sha256:${all.digest('hex')}`, entries, bytes });
}

/** `sha256:...` of one file. */
export async function fileDigest(path: string): Promise<Result<string>> {
  const pool = hashPool(1);
  try {
    const [one] = await pool.hash([bytesOf(path)], false);
    if (interruption.aborted) return interrupted(`read \`${path}\``);
    return one !== undefined && 'hex' in one
      ? good(`sha256:${one.hex}`)
      : fileFault('read', path, one?.code ?? 'EIO');
  } finally {
    await pool.close();
  }
}

export async function digestOf(path: string, watching: Watching = {}): Promise<Result<TreeDigest>> {
  const pool = hashPool();
  try {
    return await digestWith(path, pool, watching);
  } catch (error) {
    const at = error instanceof Error && 'path' in error ? String(error.path) : path;
    return fileFault('read', at, codeOf(error));
  } finally {
    await pool.close();
  }
}

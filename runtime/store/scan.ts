/** Read an archive once, to its end, before anything of it is written: its digest, and what is in it. */
import { passingDigest, type Work, work } from './child.js';
import { bad, good, type Result, type StoreFault } from './fault.js';
import { type Entry, leadsOut, parseLine } from './listing.js';

export const MOST_ENTRIES = 5_000_000;

/** The program gets the archive that was judged: what its owner has changed in it since makes it fail. */
export async function feed(
  { archive, digest }: Scanned,
  onBytes: (count: number) => void,
  rest: Omit<Work, 'program' | 'input'>,
): Promise<Result<null>> {
  const sum = passingDigest();
  const input = {
    path: archive.path,
    onBytes: (chunk: Buffer) => {
      sum.take(chunk);
      onBytes(chunk.length);
    },
  };
  const done = await work({ program: 'bsdtar', input, ...rest });
  const found = sum.digest();
  if (found === digest || (done.kind === 'fault' && done.fault.kind !== 'program')) return done;
  return bad({ kind: 'bad-digest', what: archive.what, wanted: digest, found });
}

const FORMAT = 'Archive Format: ';
/** Of what bsdtar knows: others can name files of the host as their content (mtree), or hold what no tree has. */
const isTar = /\b(tar|ustar|pax)\b/;

/** An archive on the disk. */
export interface Archive {
  readonly path: string;
  /** What messages call it. */
  readonly what: string;
  /** `sha256:...`, or null where nobody says. */
  readonly digest: string | null;
}

export interface Scanned {
  readonly archive: Archive;
  /** Of the archive as it is stored. */
  readonly digest: string;
  readonly entries: readonly Entry[];
}

/** What all archives of a tree may hold together; it is counted down. */
export interface Allowance {
  bytes: number;
  entries: number;
  readonly limit: number;
  readonly by: 'room' | '--limit';
}

export async function scan(
  archive: Archive,
  allowance: Allowance,
  onBytes: (count: number) => void,
): Promise<Result<Scanned>> {
  const { path, what } = archive;
  const sum = passingDigest();
  const entries: Entry[] = [];
  let fault: StoreFault | null = null;
  let format = '';
  const take = (line: string): boolean => {
    // The last line; no entry begins like that.
    if (line.startsWith(FORMAT)) {
      format = line.slice(FORMAT.length).replace(/, {2}Compression: .*/, '');
      return true;
    }
    const entry = parseLine(line);
    if (entry === null) {
      fault = {
        kind: 'bad-image',
        source: what,
        where: 'the list of its entries',
        why: `cannot read ${line.slice(0, 120)}`,
      };
    } else if (leadsOut(entry)) fault = { kind: 'leaves', what, entry: entry.path };
    else if (--allowance.entries < 0) fault = { kind: 'too-many', what, unit: 'entries', most: MOST_ENTRIES };
    else {
      allowance.bytes -= entry.size;
      if (allowance.bytes < 0) fault = { kind: 'too-large', what, limit: allowance.limit, by: allowance.by };
      entries.push(entry as Entry);
    }
    return fault === null;
  };
  const done = await work({
    program: 'bsdtar',
    args: ['-tvvf', '-', '--numeric-owner'],
    verb: `read \`${what}\``,
    input: {
      path,
      onBytes: chunk => {
        sum.take(chunk);
        onBytes(chunk.length);
      },
    },
    onLine: take,
  });
  if (fault !== null) return bad(fault);
  // A wrong digest explains whatever else is wrong with it.
  const digest = sum.digest();
  if (
    archive.digest !== null &&
    archive.digest !== digest &&
    (done.kind === 'ok' || done.fault.kind === 'program')
  )
    return bad({ kind: 'bad-digest', what, wanted: archive.digest, found: digest });
  if (done.kind === 'fault') return done;
  return isTar.test(format)
    ? good({ archive, digest, entries })
    : bad({ kind: 'no-source', source: what, why: 'other-kind' });
}

/** From what the caller names to the archives that make the tree, all scanned. What has to be put down for that is put below `part`. */
import { mkdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Recipe } from '../../spec/generated/recipe.js';
import { codeOf } from '../host/error-code.js';
import { work } from './child.js';
import { bad, fileFault, good, type Result } from './fault.js';
import { type Image, type Layout, readDocker, readOci } from './image.js';
import { look, removeAll } from './inside.js';
import { carryOut } from './recipe.js';
import { type Allowance, type Archive, feed, type Scanned, scan } from './scan.js';
import { keepMade, madeBefore, madeBy } from './take-up.js';

export interface Wanted {
  /** As it was given. */
  readonly source: string;
  /** The same, absolute where it is a path. */
  readonly path: string;
  readonly image: string | null;
  /** Of the file that is the source. */
  readonly digest: string | null;
  /** What the name behind `recipe:` stands for; null: the source is another. */
  readonly recipe: Recipe | null;
}

/** `podman:`, `container:` and `recipe:` are no paths. */
export const isPath = (source: string): boolean => !/^(podman|container|recipe):/.test(source);

/** As skopeo(1) and podman(1) call them. */
const isTransport = (source: string): boolean =>
  /^(docker|docker-daemon|docker-archive|containers-storage|oci|oci-archive|dir):./.test(source);

export interface Steps {
  /** What begins, and how many bytes it will read. */
  begin(what: string, bytes: number): void;
  /** That many are read. */
  read(bytes: number): void;
}

export interface Source {
  readonly image: Image | null;
  readonly layers: readonly Scanned[];
}

export const sizeOf = (archives: readonly Archive[]): number =>
  archives.reduce((sum, { path }) => sum + statSync(Buffer.from(path, 'latin1')).size, 0);

/** Several at a time: each is a program of its own. */
async function scanAll(
  archives: readonly Archive[],
  allowance: Allowance,
  steps: Steps,
): Promise<Result<readonly Scanned[]>> {
  steps.begin('reading', sizeOf(archives));
  const all: Result<Scanned>[] = [];
  let next = 0;
  let stop = false;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < archives.length && !stop; at = next++) {
      const one = await scan(archives[at] as Archive, allowance, steps.read);
      all[at] = one;
      if (one.kind === 'fault') stop = true;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const scanned: Scanned[] = [];
  for (const one of all) {
    // Those behind one that failed may not have been looked at.
    if (one?.kind === 'fault') return one;
    if (one !== undefined) scanned.push(one.value);
  }
  return good(scanned);
}

async function ofImage(
  image: Result<Image>,
  source: string,
  allowance: Allowance,
  steps: Steps,
): Promise<Result<Source>> {
  if (image.kind === 'fault') return image;
  const layers = await scanAll(image.value.layers, allowance, steps);
  if (layers.kind === 'fault') return layers;
  if (layers.value.every(({ entries }) => entries.length === 0))
    return bad({ kind: 'no-source', source, why: 'empty' });
  return good({ image: image.value, layers: layers.value });
}

/** An archive that holds an image: unpacked, then read like a directory. */
async function ofPackedImage(
  scanned: Scanned,
  kind: 'oci' | 'docker',
  wanted: Wanted,
  allowance: Allowance,
  steps: Steps,
  part: string,
  lock: number,
): Promise<Result<Source>> {
  const directory = `${part}/image`;
  mkdirSync(directory);
  steps.begin('opening the image', sizeOf([scanned.archive]));
  const done = await feed(scanned, steps.read, {
    args: ['-xPSf', '-', '--chroot', '-C', directory, '--no-same-owner', '--no-xattrs', '--no-fflags'],
    verb: `unpack \`${wanted.source}\``,
    hold: [lock],
  });
  if (done.kind === 'fault') return done;
  const layout: Layout = { directory, source: wanted.source };
  const image = kind === 'oci' ? readOci(layout, wanted.image) : readDocker(layout, wanted.image);
  return ofImage(image, wanted.source, allowance, steps);
}

/** What a file is, by what is in it. */
function kindOf({ entries }: Scanned): 'oci' | 'docker' | 'tree' {
  const names = new Set(entries.map(({ path }) => path));
  if (names.has('oci-layout') && names.has('index.json')) return 'oci';
  const system = ['etc', 'usr', 'bin'].some(name => names.has(name));
  return names.has('manifest.json') && !system ? 'docker' : 'tree';
}

async function ofFile(
  wanted: Wanted,
  allowance: Allowance,
  steps: Steps,
  part: string,
  lock: number,
): Promise<Result<Source>> {
  const { source, digest } = wanted;
  const path = Buffer.from(wanted.path).toString('latin1');
  const archive = { path, what: source, digest };
  const first = await scanAll([archive], allowance, steps);
  if (first.kind === 'fault') return first;
  const [scanned] = first.value;
  if (scanned === undefined || scanned.entries.length === 0)
    return bad({ kind: 'no-source', source, why: 'empty' });
  const kind = kindOf(scanned);
  // What is unpacked of an archive with an image is not the tree yet.
  if (kind !== 'tree' && allowance.by === '--limit') allowance.bytes = allowance.limit;
  if (kind !== 'tree') return ofPackedImage(scanned, kind, wanted, allowance, steps, part, lock);
  if (wanted.image !== null) return bad({ kind: 'no-image', source, wanted: wanted.image, known: [] });
  return good({ image: null, layers: [scanned] });
}

/** `podman save` and `podman export`: where they have put it. */
const byPodman = {
  podman: {
    argv: ['save', '--quiet', '--format', 'oci-dir', '--uncompressed'],
    file: 'image',
    verb: 'save the image',
  },
  container: { argv: ['export'], file: 'container.tar', verb: 'export the container' },
} as const;

async function ofPodman(
  kind: keyof typeof byPodman,
  { source }: Wanted,
  part: string,
  lock: number,
  steps: Steps,
): Promise<Result<string>> {
  const { argv, file, verb } = byPodman[kind];
  const output = `${part}/${file}`;
  const name = source.slice(`${kind}:`.length);
  steps.begin(`podman ${argv[0]}`, 0);
  const done = await work({
    program: 'podman',
    args: [...argv, '--output', output, '--', name],
    verb: `${verb} \`${name}\``,
    // What it has begun there is taken away with the rest.
    environment: { TMPDIR: part },
    hold: [lock],
  });
  return done.kind === 'fault' ? done : good(output);
}

async function ofRecipe(
  wanted: Wanted,
  recipe: Recipe,
  allowance: Allowance,
  steps: Steps,
  part: string,
  lock: number,
): Promise<Result<Source>> {
  const path = madeBy(part);
  const digest = madeBefore(part, recipe);
  if (digest !== null) {
    steps.begin(`taking up what ${recipe.program} has made`, 0);
    const taken = await ofFile({ ...wanted, path, digest }, { ...allowance }, steps, part, lock);
    if (taken.kind === 'ok' || taken.fault.kind === 'interrupted') return taken;
    removeAll(path);
  }
  steps.begin(`at work with ${recipe.program}`, 0);
  const done = await carryOut(wanted.source.slice('recipe:'.length), recipe, { part, lock });
  if (done.kind === 'fault') return done;
  const source = await ofFile({ ...wanted, path }, allowance, steps, part, lock);
  const [archive] = source.kind === 'ok' && source.value.image === null ? source.value.layers : [];
  if (archive !== undefined) keepMade(part, recipe, archive.digest);
  return source;
}

export const isFile = (source: string, path: string): boolean =>
  isPath(source) && !statSync(path, { throwIfNoEntry: false })?.isDirectory();

export async function openSource(
  wanted: Wanted,
  allowance: Allowance,
  steps: Steps,
  part: string,
  lock: number,
): Promise<Result<Source>> {
  const { source, path } = wanted;
  if (wanted.image !== null && !isPath(source)) return bad({ kind: 'no-source', source, why: 'one-image' });
  // A digest that nobody compares would be believed.
  if (wanted.digest !== null && !isFile(source, path))
    return bad({ kind: 'no-source', source, why: 'no-digest' });
  if (wanted.recipe !== null) return ofRecipe(wanted, wanted.recipe, allowance, steps, part, lock);
  if (source.startsWith('podman:')) {
    const directory = await ofPodman('podman', wanted, part, lock, steps);
    if (directory.kind === 'fault') return directory;
    return ofImage(readOci({ directory: directory.value, source }, null), source, allowance, steps);
  }
  if (source.startsWith('container:')) {
    const file = await ofPodman('container', wanted, part, lock, steps);
    return file.kind === 'fault'
      ? file
      : ofFile({ ...wanted, path: file.value }, allowance, steps, part, lock);
  }
  try {
    const stat = statSync(path);
    if (stat.isFile()) return await ofFile(wanted, allowance, steps, part, lock);
    if (!stat.isDirectory()) return bad({ kind: 'no-source', source, why: 'other-kind' });
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' && isTransport(source)
      ? bad({ kind: 'no-source', source, why: 'transport' })
      : fileFault('read', source, code);
  }
  const directory = Buffer.from(path).toString('latin1');
  if (!look(`${directory}/index.json`)) return bad({ kind: 'no-source', source, why: 'no-layout' });
  return ofImage(readOci({ directory, source }, wanted.image), source, allowance, steps);
}

/**
 * Prepared generations. Their place is a tmpfs of our own, beside the state root and not in it: `list` shows containers only, and --root may be
 * anywhere while there is one set of pins for the machine.
 *
 *     /run/chos-trees           the tmpfs: 0700, unbindable, so that no bind of / takes the pins along
 *     /run/chos-trees.lock      held by prepare and release
 *     NAME@N                    the mount namespace, bound
 *     NAME@N.json               what prepare knew; written last, so that what has none is unfinished
 *     NAME@N.mounts             its mountinfo
 *     NAME@N.closing            the former .json of a generation that is being released
 *     /run/chos-trees.public    what users may know: NAME@N (runtime/compile/pins/publish.ts), and the skeleton's record
 *     /run/chos-trees.numbers   a file NAME@N for the last number of each tree, so that none comes back
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Caller } from '../../spec/caller.js';
import { type MountFact, NUMBERS, PINS, type Pin } from '../../spec/environment.js';
import { fileName, generationFile, generationOf } from '../../spec/records/names.js';
import type { PinRecord } from '../../spec/records/pin.js';
import { unlessMissing } from '../host/error-code.js';
import { inodeOfProcess } from '../host/of-process.js';
import { parseMountFacts } from './mount-facts.js';
import { type PinnedRecord, readPinRecord } from './own-record.js';

export { PINS };

export interface Generation {
  /** The record is that of the namespace (own-record.ts); false: it may be, this is another mount namespace, in which nothing is pinned. */
  readonly certain: boolean;
  readonly tree: string;
  readonly number: number;
  /** `debian12@7` */
  readonly name: string;
  readonly state: 'ready' | 'closing' | 'unfinished';
  readonly record: PinRecord | null;
  /** Of one without a record: what is wrong with what stands in its place; null: there is nothing. */
  readonly broken: string | null;
}

/** One that launches may use. */
export type ReadyGeneration = Generation & { readonly record: PinRecord };

/** All generations below a pin directory, oldest first. Who may not read it sees none; throws Unreadable where that fails otherwise. */
export function readGenerations(caller: Caller, directory = PINS): readonly Generation[] {
  const found = unlessMissing(directory, () => readdirSync(directory), ['EACCES', 'EPERM']);
  const names = new Set(found ?? []);
  return [...names]
    .flatMap((file): Generation[] => {
      const named = generationOf(file);
      if (named === null) return [];
      const { tree, number } = named;
      const suffix = ['json', 'closing'].find(one => names.has(`${file}.${one}`));
      const read: PinnedRecord =
        suffix === undefined
          ? { kind: 'absent' }
          : readPinRecord(`${directory}/${file}.${suffix}`, `${directory}/${file}`, caller);
      const found = read.kind === 'record' ? read : null;
      return [
        {
          tree,
          number,
          name: `${tree}@${number}`,
          state: found === null ? 'unfinished' : suffix === 'json' ? 'ready' : 'closing',
          certain: found?.certain ?? false,
          record: found?.record ?? null,
          broken: read.kind === 'broken' ? read.why : null,
        },
      ];
    })
    .sort((one, other) =>
      one.tree === other.tree ? one.number - other.number : one.tree < other.tree ? -1 : 1,
    );
}

/** The number of the next one: higher than all that were ever given out since the machine was started. `prefix`: the host's root. */
export function nextNumber(generations: readonly Generation[], file: string, prefix = ''): number {
  // Missing: none was given out.
  const given = unlessMissing(prefix + NUMBERS, () => readdirSync(prefix + NUMBERS)) ?? [];
  const numbers = given
    .filter(name => name.startsWith(`${file}@`))
    .map(name => Number(name.slice(file.length + 1)))
    .filter(Number.isInteger);
  const finished = generations.filter(one => one.state !== 'unfinished').map(one => one.number);
  return 1 + Math.max(0, ...numbers, ...finished);
}

/** The generation whose mount namespace a path leads to, e.g. that of /proc/PID/ns/mnt. */
export function generationAt(path: string, caller: Caller): Generation | undefined {
  const inode = inodeOfProcess(path);
  return inode === null ? undefined : readGenerations(caller).find(one => one.record?.inode === inode);
}

/** The generation that launches of a tree use: the newest that is ready. */
export function currentGeneration(
  generations: readonly Generation[],
  tree: string,
): ReadyGeneration | undefined {
  const ready = generations.filter(one => one.tree === tree && one.state === 'ready');
  const newest = ready.findLast(one => one.certain) ?? ready.at(-1);
  return newest?.record ? { ...newest, record: newest.record } : undefined;
}

/** As long as it is pinned there is a mount on its file, and the mounts of a namespace are listed in the order in which they came. */
export function lateMounts(path: string, hostMounts: readonly MountFact[]): readonly number[] | null {
  const pinned = hostMounts.findIndex(({ point, type }) => point === path && type === 'nsfs');
  return pinned < 0 ? null : hostMounts.slice(pinned + 1).map(({ id }) => id);
}

export function pinFile({ tree, number }: Generation, directory = PINS): string {
  return `${directory}/${generationFile(fileName(tree), number)}`;
}

/** What a launch has to know of a generation; 'unmounted': nothing is mounted on its file, so that nothing keeps it. Throws Unreadable. */
export function pinOf(
  generation: ReadyGeneration,
  hostMounts: readonly MountFact[],
): Pin | 'unmounted' | 'incomplete' {
  const path = pinFile(generation);
  const { inode, host, treeMounts, directory, stamp, mark = 0 } = generation.record;
  const late = lateMounts(path, hostMounts);
  if (late === null) return 'unmounted';
  const written = unlessMissing(`${path}.json`, () => statSync(`${path}.json`, { bigint: true }));
  const mounts = unlessMissing(`${path}.mounts`, () => readFileSync(`${path}.mounts`, 'utf8'));
  // Taken away since, by a release or by somebody else.
  if (written === null || mounts === null) return 'incomplete';
  const { mtimeNs } = written;
  return {
    name: generation.name,
    path,
    record: `${path}.json`,
    generation: generation.number,
    inode,
    stamp: { seconds: Number(mtimeNs / 1_000_000_000n), nanoseconds: Number(mtimeNs % 1_000_000_000n) },
    host,
    treeMounts,
    tree: directory !== undefined && stamp !== undefined ? { path: directory, fact: stamp.directory } : null,
    mounts: parseMountFacts(mounts),
    late,
    mark,
  };
}

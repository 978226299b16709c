/** Who holds a generation: processes whose mount namespace it is, or a copy of it, and containers that were started in it. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { MountFact } from '../../spec/environment.js';
import { parseMountFacts } from './mount-facts.js';
import { type Generation, PINS, pinFile, readGenerations } from './pins.js';

export interface Holder {
  readonly pid: number;
  readonly command: string;
  /** Its container, where one is known. */
  readonly container: string | null;
}

/** A container as the state files tell of it. */
export interface RunningContainer {
  readonly id: string;
  readonly pid: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** In the state of a container: the generation in which it was started. */
export const ENVIRONMENT_ANNOTATION = 'org.chos.environment';

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '?';
  }
}

const namespaceOf = (pid: number): number | null => {
  try {
    return statSync(`/proc/${pid}/ns/mnt`).ino;
  } catch {
    return null;
  }
};

/** Processes by their mount namespace, ascending. Threads share it with their process, but for a few that left; those count too late. */
function byNamespace(): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  const pids = readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? [Number(name)] : []));
  for (const pid of pids.sort((a, b) => a - b)) {
    const namespace = namespaceOf(pid);
    if (namespace === null) continue;
    const known = found.get(namespace);
    if (known === undefined) found.set(namespace, [pid]);
    else known.push(pid);
  }
  return found;
}

const rootOf = (mountinfo: string): MountFact | undefined =>
  parseMountFacts(mountinfo).find(({ point }) => point === '/');

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Processes in copies of a generation's namespace, also in those that nobody recorded: what `exec` took, what a process inside made with unshare(2). Their root
 * is the one that was prepared. A skeleton is like no other; a tree that is its own root is also that of other generations, and of containers with mounts of
 * their own: `others` are namespaces that are known to be such.
 */
function inCopies(
  root: MountFact,
  namespaces: ReadonlyMap<number, readonly number[]>,
  others: readonly (number | null)[],
): readonly number[] {
  const apart = new Set([namespaceOf(1), namespaceOf(process.pid), ...others]);
  return [...namespaces].flatMap(([namespace, pids]) => {
    if (apart.has(namespace)) return [];
    const alike = pids.some(pid => {
      const own = rootOf(read(`/proc/${pid}/mountinfo`));
      return own?.device === root.device && own.root === root.root;
    });
    return alike ? pids : [];
  });
}

/** Who is in a generation, or has a copy of it. `directory`: where the pins are. */
export function holdersOf(
  generation: Generation,
  containers: readonly RunningContainer[],
  directory = PINS,
): readonly Holder[] {
  const { name, record } = generation;
  if (record === null) return [];
  const isRecorded = ({ annotations }: RunningContainer): boolean =>
    annotations[ENVIRONMENT_ANNOTATION] === name;
  const recorded = containers.filter(isRecorded);
  const others = [
    ...readGenerations(directory).map(other => (other.name === name ? null : (other.record?.inode ?? null))),
    ...containers.filter(one => !isRecorded(one)).map(({ pid }) => namespaceOf(pid)),
  ];
  const namespaces = byNamespace();
  const root = rootOf(read(`${pinFile(generation, directory)}.mounts`));
  const pids = new Set([
    ...(namespaces.get(record.inode) ?? []),
    ...recorded.map(({ pid }) => pid),
    ...(root === undefined ? [] : inCopies(root, namespaces, others)),
  ]);
  const idOf = new Map(containers.map(({ pid, id }) => [pid, id]));
  return [...pids].map(pid => ({ pid, command: commandOf(pid), container: idOf.get(pid) ?? null }));
}

export function describeHolder({ pid, command, container }: Holder): string {
  return container === null ? `process ${pid} (${command})` : `container ${container} (process ${pid})`;
}

/** Processes whose root is a directory, wherever it is mounted: those in a skeleton, and in copies of it. */
export function processesRootedIn(
  directory: string,
  containers: readonly RunningContainer[],
): readonly Holder[] {
  const idOf = new Map(containers.map(({ pid, id }) => [pid, id]));
  const { dev, ino } = statSync(directory);
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(name => {
      try {
        const root = statSync(`/proc/${name}/root/`);
        return root.dev === dev && root.ino === ino;
      } catch {
        return false;
      }
    })
    .map(Number)
    .sort((a, b) => a - b)
    .map(pid => ({ pid, command: commandOf(pid), container: idOf.get(pid) ?? null }));
}

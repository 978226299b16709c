/** Who holds a generation: processes whose mount namespace it is, or a copy of it, and containers that were started in it. */
import { readdirSync, readFileSync } from 'node:fs';
import type { MountFact } from '../../spec/environment.js';
import { thisProcess } from '../host/caller.js';
import { unlessMissing } from '../host/error-code.js';
import { linkOfProcess, textOfProcess } from '../host/of-process.js';
import { directoryFact } from './caller.js';
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

function numberIn(link: string): number | null {
  const [, number] = /^mnt:\[(\d+)\]$/.exec(link) ?? [];
  return number === undefined ? null : Number(number);
}

/** By the text of the link, for which the kernel makes no inode: it is asked of every process. */
export const namespaceOf = (pid: number): number | null => numberIn(linkOfProcess(`/proc/${pid}/ns/mnt`));

/** Processes by their mount namespace, ascending. Threads share it with their process, but for a few that left; those count too late. */
function byNamespace(): ReadonlyMap<number, readonly number[]> {
  const byLink = new Map<string, number[]>();
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  for (const pid of pids.sort((a, b) => a - b)) {
    const link = linkOfProcess(`/proc/${pid}/ns/mnt`);
    const known = byLink.get(link);
    if (known === undefined) byLink.set(link, [pid]);
    else known.push(pid);
  }
  return new Map(
    [...byLink].flatMap(([link, found]) => {
      const namespace = numberIn(link);
      return namespace === null ? [] : [[namespace, found] as const];
    }),
  );
}

const rootIn = (mounts: readonly MountFact[]): MountFact | undefined =>
  mounts.find(({ point }) => point === '/');
const rootOf = (mountinfo: string): MountFact | undefined => rootIn(parseMountFacts(mountinfo));

/**
 * All processes, looked at once: those who ask for several generations ask of one look. What it reads is the kernel's own, so that no server is waited for,
 * also of a process whose root is on one that is dead.
 */
export interface ProcessLook {
  readonly namespaces: ReadonlyMap<number, readonly number[]>;
  readonly generations: readonly Generation[];
  /** What a process sees mounted, that below its root only. */
  mountsOf(pid: number, namespace: number): readonly MountFact[];
  /** The mount that a process has as its root; undefined: its root is none, or it cannot be seen. */
  rootOf(pid: number, namespace: number): MountFact | undefined;
}

/** `directory`: where the pins are. */
export function lookAtProcesses(directory = PINS): ProcessLook {
  // In one namespace the same name is the same root; its mounts may be thousands.
  const known = new Map<string, readonly MountFact[]>();
  const mountsOf = (pid: number, namespace: number): readonly MountFact[] => {
    const key = `${namespace} ${linkOfProcess(`/proc/${pid}/root`)}`;
    const found = known.get(key) ?? parseMountFacts(textOfProcess(`/proc/${pid}/mountinfo`));
    // One that has ended meanwhile says nothing of the others.
    if (found.length > 0) known.set(key, found);
    return found;
  };
  return {
    namespaces: byNamespace(),
    generations: readGenerations(thisProcess(), directory),
    mountsOf,
    rootOf: (pid, namespace) => rootIn(mountsOf(pid, namespace)),
  };
}

/**
 * Processes in copies of a generation's namespace, also in those that nobody recorded: what `exec` took, what a process inside made with unshare(2). Their root
 * is the one that was prepared. A skeleton is like no other; a tree that is its own root is also that of other generations, and of containers with mounts of
 * their own: `others` are namespaces that are known to be such.
 */
function inCopies(
  root: MountFact,
  { namespaces, rootOf }: ProcessLook,
  others: readonly (number | null)[],
): readonly number[] {
  const apart = new Set([namespaceOf(1), namespaceOf(process.pid), ...others]);
  return [...namespaces].flatMap(([namespace, pids]) => {
    if (apart.has(namespace)) return [];
    const alike = pids.some(pid => {
      const own = rootOf(pid, namespace);
      return own?.device === root.device && own.root === root.root;
    });
    return alike ? pids : [];
  });
}

/** Who is in a generation, or has a copy of it, by number. `directory`: where the pins are. */
export function pidsIn(
  generation: Generation,
  containers: readonly RunningContainer[],
  directory = PINS,
  look = lookAtProcesses(directory),
): readonly number[] {
  const { name, record } = generation;
  if (record === null) return [];
  const isRecorded = ({ annotations }: RunningContainer): boolean =>
    annotations[ENVIRONMENT_ANNOTATION] === name;
  const recorded = containers.filter(isRecorded);
  const others = [
    ...look.generations.map(other => (other.name === name ? null : (other.record?.inode ?? null))),
    ...containers.filter(one => !isRecorded(one)).map(({ pid }) => namespaceOf(pid)),
  ];
  const file = `${pinFile(generation, directory)}.mounts`;
  const root = rootOf(unlessMissing(file, () => readFileSync(file, 'utf8')) ?? '');
  const pids = new Set([
    ...(look.namespaces.get(record.inode) ?? []),
    ...recorded.map(({ pid }) => pid),
    ...(root === undefined ? [] : inCopies(root, look, others)),
  ]);
  return [...pids];
}

/** The same with what is to be said of them. */
export function holdersOf(
  generation: Generation,
  containers: readonly RunningContainer[],
  directory = PINS,
): readonly Holder[] {
  const idOf = new Map(containers.map(({ pid, id }) => [pid, id]));
  return pidsIn(generation, containers, directory).map(pid => ({
    pid,
    command: commandOf(pid),
    container: idOf.get(pid) ?? null,
  }));
}

export function describeHolder({ pid, command, container }: Holder): string {
  return container === null ? `process ${pid} (${command})` : `container ${container} (process ${pid})`;
}

/** Numbers of the processes whose root is a mount, wherever it is mounted: those in a skeleton, and in copies of it; ascending. `directory`: where it is mounted. */
export function pidsRootedIn(directory: string, look = lookAtProcesses()): readonly number[] {
  const fact = directoryFact(directory);
  if (fact === null) return [];
  const device = `${fact.major}:${fact.minor}`;
  return [...look.namespaces]
    .flatMap(([namespace, pids]) =>
      pids.filter(pid => {
        const root = look.rootOf(pid, namespace);
        return root?.device === device && root.root === '/';
      }),
    )
    .sort((a, b) => a - b);
}

export function processesRootedIn(
  directory: string,
  containers: readonly RunningContainer[],
): readonly Holder[] {
  const idOf = new Map(containers.map(({ pid, id }) => [pid, id]));
  return pidsRootedIn(directory).map(pid => ({
    pid,
    command: commandOf(pid),
    container: idOf.get(pid) ?? null,
  }));
}

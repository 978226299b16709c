/** Who holds a generation: processes whose mount namespace it is, and containers that were started in it. */
import { readdirSync, readFileSync, statSync } from 'node:fs';

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

/** Processes in the mount namespace with that inode, ascending. Threads share it with their process, but for a few that left; those count too late. */
function processesIn(namespace: number): readonly number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(name => {
      try {
        return statSync(`/proc/${name}/ns/mnt`).ino === namespace;
      } catch {
        return false;
      }
    })
    .map(Number)
    .sort((a, b) => a - b);
}

/** A launch with its own copy is not in the namespace itself, but its mounts are those of the environment. */
export function holdersOf(
  generation: string,
  namespace: number,
  containers: readonly RunningContainer[],
): readonly Holder[] {
  const inside = containers.filter(({ annotations }) => annotations[ENVIRONMENT_ANNOTATION] === generation);
  const idOf = new Map(containers.map(({ pid, id }) => [pid, id]));
  const pids = new Set([...processesIn(namespace), ...inside.map(({ pid }) => pid)]);
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

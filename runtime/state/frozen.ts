/**
 * Whether a container is frozen: by v1 (freezer.state) or v2 (cgroup.freeze, cgroup.events), by itself or by a group above it, wholly or not yet. The
 * stored programs decide by the same rules (runtime/compile/cgroups/freezer.ts).
 */
import { readProc } from '../host/read-proc.js';

/** Most of them are missing in most hierarchies. */
const textOf = (path: string): string => readProc(path) ?? '';

/** `cgroups`: the directories of the container, in all hierarchies. */
export function isFrozen(cgroups: readonly string[]): boolean {
  return cgroups.some(
    directory =>
      /^FR/.test(textOf(`${directory}/freezer.state`)) ||
      textOf(`${directory}/cgroup.freeze`).startsWith('1') ||
      /^frozen 1$/m.test(textOf(`${directory}/cgroup.events`)),
  );
}

import { type Kernel, kernels } from './machine.js';
import type { PayloadItem } from './payload.js';

/** The runtimes in the machine, and where they are. */
export const runtimes = {
  'chos-runtime': '/usr/local/bin/chos-runtime',
  crun: '/usr/bin/crun',
  runc: '/usr/sbin/runc',
} as const;
export type RuntimeName = keyof typeof runtimes;
const ours = 'chos-runtime';

/**
 * Something that must hold inside a machine. Many cases share a boot: each starts with an empty working directory, and leaves no container, mount
 * or cgroup behind (see `guest-cases`).
 */
export interface MachineCase {
  /** `group/what-holds`. */
  readonly name: string;
  /** Run by bash with -eu and the functions of `guest-functions`; exit code 77 skips, with the reason as its last line. */
  readonly script: string;
  /** Run once for each of these, as $RUNTIME with the name $NAME; default: ours. The others are run with the newest kernel only. */
  readonly runtimes?: readonly RuntimeName[];
  /** Default: all. */
  readonly kernels?: readonly Kernel[];
  /** In place before the first case of the boot. */
  readonly payload?: (kernel: Kernel) => readonly PayloadItem[];
  /** Of this case, by the machine's clock; default 240: machines are slow where much else runs. */
  readonly seconds?: number;
}

/** A case with one of its runtimes, as it is run and reported. */
export interface Run {
  readonly name: string;
  readonly runtime: RuntimeName;
  readonly definition: MachineCase;
}

export const defaultSeconds = 240;

/** What is to be run with this kernel, in the order of the cases. */
export function runsFor(cases: readonly MachineCase[], kernel: Kernel): readonly Run[] {
  return cases
    .filter(({ kernels }) => kernels?.includes(kernel) ?? true)
    .flatMap(definition =>
      (definition.runtimes ?? ([ours] as const))
        .filter(runtime => runtime === ours || kernel === kernels.at(-1))
        .map(runtime => ({
          name: definition.runtimes === undefined ? definition.name : `${definition.name} ${runtime}`,
          runtime,
          definition,
        })),
    );
}

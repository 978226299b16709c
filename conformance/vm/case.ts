import { type Init, type Kernel, usualKernels } from './machine.js';
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
  /** Run once for each of these, as $RUNTIME with the name $NAME; default: ours. The others are run with the kernel of the machine's distribution only. */
  readonly runtimes?: readonly RuntimeName[];
  /** Process 1 of its machine (see MachineRequest); default `lab`. */
  readonly init?: Init;
  /** Default: those that sites have, without the newest one, with which only what depends on the kernel most is run. */
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

const peersKernel: Kernel = '6.12';

export const defaultSeconds = 240;

/** What is to be run with this kernel, in the order of the cases. */
export function runsFor(cases: readonly MachineCase[], kernel: Kernel): readonly Run[] {
  return cases
    .filter(({ kernels }) => (kernels ?? usualKernels).includes(kernel))
    .flatMap(definition =>
      (definition.runtimes ?? ([ours] as const))
        .filter(runtime => runtime === ours || kernel === peersKernel)
        .map(runtime => ({
          name: definition.runtimes === undefined ? definition.name : `${definition.name} ${runtime}`,
          runtime,
          definition,
        })),
    );
}

/**
 * process.execCPUAffinity (config.md, "Linux Process"): where a process of `exec` runs, first the runtime itself, then the command. A latency-sensitive
 * container is not to be disturbed by whoever looks into it.
 */
import { allCpus, cpuMask } from '../../../spec/cpu-list.js';
import type { CpuSet } from '../../../spec/normal-config.js';
import type { Action, Because } from '../../program/action.js';
import { bytes } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { ProcessLaunch } from '../launch/launch.js';

export interface CpuAffinity {
  /** Track of the host, before it starts the process. */
  readonly initial: readonly Action[];
  /** Track of the process, in the container's cgroup. */
  readonly final: readonly Action[];
}

/** `cpus`: those that were asked for, null for all. */
function runOn(cpus: CpuSet | null, because: Because): Action {
  const mask = bytes('cpu mask', cpuMask(cpus === null ? allCpus : cpus.ranges));
  const record = { kind: 'run-on-cpus', because } as const;
  const lines = [sys('sched_setaffinity', [0, mask.size, mask])];
  return operation(cpus === null ? record : { ...record, cpus: cpus.list }, lines);
}

/**
 * Without `final` the command runs wherever the container's cgroup lets it: the kernel would go on to hold a child of ours to `initial` in any cpuset
 * (sched_setaffinity(2): it remembers what was asked for), so that is lifted.
 */
export function cpuAffinity(launch: ProcessLaunch): CpuAffinity {
  const { initial, final } = launch.process.execCpuAffinity;
  const because = (when: 'initial' | 'final'): Because => launch.because('process', 'execCPUAffinity', when);
  return {
    initial: initial ? [runOn(initial, because('initial'))] : [],
    final: final ? [runOn(final, because('final'))] : initial ? [runOn(null, because('initial'))] : [],
  };
}

/**
 * process.execCPUAffinity (config.md, "Linux Process"): where a process of `exec` runs, first the runtime itself, then the command. A latency-sensitive
 * container is not to be disturbed by whoever looks into it.
 */
import { allCpus, type CpuRange, cpuMask, parseCpuList } from '../../../spec/cpu-list.js';
import { type Action, action, type Because } from '../../program/action.js';
import { bytes } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import type { ProcessLaunch } from '../launch/launch.js';

export interface CpuAffinity {
  /** Track of the host, before it starts the process. */
  readonly initial: readonly Action[];
  /** Track of the process, in the container's cgroup. */
  readonly final: readonly Action[];
}

function runOn(title: string, ranges: readonly CpuRange[], because: Because): Action {
  const mask = bytes('cpu mask', cpuMask(ranges));
  return action({ title, because }, [sys('sched_setaffinity', [0, mask.size, mask])]);
}

/**
 * Without `final` the command runs wherever the container's cgroup lets it: the kernel would go on to hold a child of ours to `initial` in any cpuset
 * (sched_setaffinity(2): it remembers what was asked for), so that is lifted.
 */
export function cpuAffinity(launch: ProcessLaunch): CpuAffinity {
  const { initial, final } = launch.process.execCPUAffinity ?? {};
  const because = (when: 'initial' | 'final'): Because => launch.because('process', 'execCPUAffinity', when);
  const first = initial ? parseCpuList(initial) : null;
  const then = final ? parseCpuList(final) : null;
  return {
    initial: first ? [runOn(`run on CPUs ${initial}`, first, because('initial'))] : [],
    final: then
      ? [runOn(`run on CPUs ${final}`, then, because('final'))]
      : first
        ? [runOn('run on all CPUs of the container', allCpus, because('initial'))]
        : [],
  };
}

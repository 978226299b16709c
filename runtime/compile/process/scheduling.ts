import { cpuMask, MOST_NODES } from '../../../spec/cpu-list.js';
import {
  IOPRIO_CLASS_SHIFT,
  IOPRIO_WHO_PROCESS,
  ioClasses,
  memoryFlags,
  memoryModes,
  personalities,
  schedulerFlags,
  schedulerPolicies,
} from '../../../spec/kernel.js';
import type { NormalMemoryPolicy, NormalScheduler } from '../../../spec/normal-config.js';
import type { Action, Because } from '../../program/action.js';
import { bytes, type Operand, struct, u32, u64 } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { ProcessLaunch } from '../launch/launch.js';

function schedule(scheduler: NormalScheduler, because: Because, of: Operand): Action {
  const { policy, flags, nice, priority } = scheduler;
  const { runtimeNanoseconds: runtime, deadlineNanoseconds: deadline, periodNanoseconds: period } = scheduler;
  const attributes = struct(
    'sched_attr',
    [
      u32(56),
      u32(schedulerPolicies[policy]),
      u64(flags.reduce((all, flag) => all | schedulerFlags[flag], 0)),
      u32(nice >>> 0),
      u32(priority >>> 0),
      u64(runtime),
      u64(deadline),
      u64(period),
      u64(0),
    ],
    true,
  );
  return operation(
    { kind: 'set-scheduler', policy, flags, nice, priority, runtime, deadline, period, because },
    [sys('sched_setattr', [of, attributes, 0])],
  );
}

/** get_nodes() of the kernel (mm/mempolicy.c) looks at one bit less than it is told of. */
const NODE_BITS = MOST_NODES + 1;

function takeMemory({ mode, nodes, flags }: NormalMemoryPolicy, because: Because): Action {
  const how = flags.reduce<number>((all, flag) => all | memoryFlags[flag], memoryModes[mode]);
  const mask = nodes === null ? 0 : bytes('memory nodes', cpuMask(nodes.ranges, MOST_NODES));
  return operation(
    { kind: 'set-memory-policy', mode, flags, because, ...(nodes === null ? {} : { nodes: nodes.list }) },
    [sys('set_mempolicy', [how, mask, nodes === null ? 0 : NODE_BITS])],
  );
}

/** `of`: the process that is scheduled so; 0: by itself. */
export function scheduling(launch: ProcessLaunch, of: Operand = 0): readonly Action[] {
  const { scheduler, ioPriority } = launch.process;
  const out: Action[] = [];
  if (scheduler !== null) out.push(schedule(scheduler, launch.because('process', 'scheduler'), of));
  if (ioPriority !== null) {
    const { class: kind, priority } = ioPriority;
    const value = (ioClasses[kind] << IOPRIO_CLASS_SHIFT) | priority;
    const because = launch.because('process', 'ioPriority');
    out.push(
      operation({ kind: 'set-io-priority', class: kind, priority, because }, [
        sys('ioprio_set', [IOPRIO_WHO_PROCESS, of, value]),
      ]),
    );
  }
  return out;
}

/** What a process has by itself, and needs no rights for. */
export function ownNature(launch: ProcessLaunch): readonly Action[] {
  const { personality: domain, memoryPolicy } = launch.config.linux;
  const out: Action[] = [];
  if (domain !== null) {
    const because = launch.because('linux', 'personality');
    out.push(
      operation({ kind: 'set-personality', domain, because }, [
        sys('personality', [personalities[`PER_${domain}`]]),
      ]),
    );
  }
  if (memoryPolicy !== null) out.push(takeMemory(memoryPolicy, launch.because('linux', 'memoryPolicy')));
  return out;
}

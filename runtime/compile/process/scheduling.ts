import {
  IOPRIO_CLASS_SHIFT,
  IOPRIO_WHO_PROCESS,
  ioClasses,
  personalities,
  schedulerFlags,
  schedulerPolicies,
} from '../../../spec/kernel.js';
import type { NormalScheduler } from '../../../spec/normal-config.js';
import type { Action, Because } from '../../program/action.js';
import { struct, u32, u64 } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { ProcessLaunch } from '../launch/launch.js';

function schedule(scheduler: NormalScheduler, because: Because): Action {
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
    [sys('sched_setattr', [0, attributes, 0])],
  );
}

export function scheduling(launch: ProcessLaunch): readonly Action[] {
  const { scheduler, ioPriority } = launch.process;
  const { personality: domain } = launch.config.linux;
  const out: Action[] = [];
  if (scheduler !== null) out.push(schedule(scheduler, launch.because('process', 'scheduler')));
  if (ioPriority !== null) {
    const { class: of, priority } = ioPriority;
    const value = (ioClasses[of] << IOPRIO_CLASS_SHIFT) | priority;
    const because = launch.because('process', 'ioPriority');
    out.push(
      operation({ kind: 'set-io-priority', class: of, priority, because }, [
        sys('ioprio_set', [IOPRIO_WHO_PROCESS, 0, value]),
      ]),
    );
  }
  if (domain !== null) {
    const because = launch.because('linux', 'personality');
    out.push(
      operation({ kind: 'set-personality', domain, because }, [
        sys('personality', [personalities[`PER_${domain}`]]),
      ]),
    );
  }
  return out;
}

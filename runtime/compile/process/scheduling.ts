import {
  IOPRIO_CLASS_SHIFT,
  IOPRIO_WHO_PROCESS,
  ioClasses,
  personalities,
  schedulerFlags,
  schedulerPolicies,
} from '../../../spec/kernel.js';
import { type Action, action } from '../../program/action.js';
import { struct, u32, u64 } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import type { ProcessLaunch } from '../launch/launch.js';

export function scheduling(launch: ProcessLaunch): readonly Action[] {
  const { scheduler, ioPriority } = launch.process;
  const personality = launch.config.linux?.personality;
  const out: Action[] = [];
  if (scheduler) {
    let flags = 0;
    for (const f of scheduler.flags ?? []) flags |= schedulerFlags[f];
    const attributes = struct(
      'sched_attr',
      [
        u32(56),
        u32(schedulerPolicies[scheduler.policy]),
        u64(flags),
        u32((scheduler.nice ?? 0) >>> 0),
        u32((scheduler.priority ?? 0) >>> 0),
        u64(scheduler.runtime ?? 0),
        u64(scheduler.deadline ?? 0),
        u64(scheduler.period ?? 0),
        u64(0),
      ],
      true,
    );
    out.push(
      action({ title: `schedule as ${scheduler.policy}`, because: launch.because('process', 'scheduler') }, [
        sys('sched_setattr', [0, attributes, 0]),
      ]),
    );
  }
  if (ioPriority) {
    const value = (ioClasses[ioPriority.class] << IOPRIO_CLASS_SHIFT) | (ioPriority.priority ?? 0);
    out.push(
      action(
        { title: `set I/O priority ${ioPriority.class}`, because: launch.because('process', 'ioPriority') },
        [sys('ioprio_set', [IOPRIO_WHO_PROCESS, 0, value])],
      ),
    );
  }
  if (personality)
    out.push(
      action(
        { title: `set personality ${personality.domain}`, because: launch.because('linux', 'personality') },
        [sys('personality', [personalities[`PER_${personality.domain}`]])],
      ),
    );
  return out;
}

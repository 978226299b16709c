import type { LinuxPersonality, SchedulerFlag, SchedulerPolicy } from '../../spec/generated/config.js';
import { IOPRIO_CLASS_SHIFT, IOPRIO_WHO_PROCESS } from '../../spec/kernel.js';
import { type Action, action } from '../program/action.js';
import { struct, u32, u64 } from '../program/operand.js';
import { sys } from '../program/step.js';
import type { Launch } from './launch.js';

// linux/sched.h
const policies: Readonly<Record<SchedulerPolicy, number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};
const schedulerFlags: Readonly<Record<SchedulerFlag, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
};
// linux/ioprio.h
const ioClasses = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 } as const;
// linux/personality.h
const personalities: Readonly<Record<LinuxPersonality['domain'], number>> = { LINUX: 0, LINUX32: 8 };

export function scheduling(launch: Launch): readonly Action[] {
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
        u32(policies[scheduler.policy]),
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
        [sys('personality', [personalities[personality.domain]])],
      ),
    );
  return out;
}

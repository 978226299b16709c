import { parseCpuList } from '../../spec/cpu-list.js';
import type { Process, Rlimit, Scheduler } from '../../spec/generated/config.js';
import { checkProcessLengths } from './check-lengths.js';
import { checkAbsolute, checkEnvironment } from './check-text.js';
import { formatPath, type Note, type ValuePath } from './diagnostic.js';

const realTimePolicies = ['SCHED_FIFO', 'SCHED_RR'];

/** `process` of config.json, or the whole of the file given to exec --process: `base` tells which. */
export function checkProcess(process: Process, base: ValuePath, note: Note): void {
  if (process.args[0] === '') note([...base, 'args', 0], { kind: 'empty' });
  checkAbsolute(process.cwd, [...base, 'cwd'], note);
  checkProcessLengths(process, base, note);
  checkEnvironment(process.env ?? [], [...base, 'env'], note);
  checkRlimits(process.rlimits ?? [], [...base, 'rlimits'], note);
  if (process.scheduler !== undefined) checkScheduler(process.scheduler, [...base, 'scheduler'], note);
  for (const when of ['initial', 'final'] as const) {
    const list = process.execCPUAffinity?.[when];
    // Go's omitempty makes an empty text the same as none.
    if (list === undefined || list === '' || parseCpuList(list) !== null) continue;
    note([...base, 'execCPUAffinity', when], { kind: 'wrong-form', form: 'cpu-list' });
  }
}

function checkRlimits(rlimits: readonly Rlimit[], base: ValuePath, note: Note): void {
  const first = new Map<string, number>();
  for (const [index, { type, soft, hard }] of rlimits.entries()) {
    const before = first.get(type);
    if (before === undefined) first.set(type, index);
    else note([...base, index, 'type'], { kind: 'duplicate', first: formatPath([...base, before]) });
    if (soft > hard) {
      note([...base, index, 'soft'], { kind: 'above', property: 'hard', limit: String(hard) });
    }
  }
}

/** sched_setattr(2) says EINVAL to all of these, without a word on which. */
function checkScheduler(scheduler: Scheduler, base: ValuePath, note: Note): void {
  const { policy, priority, runtime, deadline, period } = scheduler;
  if (realTimePolicies.includes(policy)) {
    if (priority === undefined) note([...base, 'priority'], { kind: 'missing' });
    else if (priority < 1 || priority > 99) {
      note([...base, 'priority'], { kind: 'out-of-range', minimum: '1', maximum: '99' });
    }
  } else if (priority !== undefined && priority !== 0) {
    note([...base, 'priority'], { kind: 'only-with', property: 'policy', values: realTimePolicies });
  }
  if (policy !== 'SCHED_DEADLINE') {
    for (const [name, value] of Object.entries({ runtime, deadline, period })) {
      if (value === undefined || BigInt(value) === 0n) continue;
      note([...base, name], { kind: 'only-with', property: 'policy', values: ['SCHED_DEADLINE'] });
    }
    return;
  }
  if (runtime === undefined) note([...base, 'runtime'], { kind: 'missing' });
  if (deadline === undefined) note([...base, 'deadline'], { kind: 'missing' });
  if (runtime === undefined || deadline === undefined) return;
  if (runtime > deadline) {
    note([...base, 'runtime'], { kind: 'above', property: 'deadline', limit: String(deadline) });
  }
  // A period of 0, or none, means the deadline's.
  if (period !== undefined && period > 0 && deadline > period) {
    note([...base, 'deadline'], { kind: 'above', property: 'period', limit: String(period) });
  }
}

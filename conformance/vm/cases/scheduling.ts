/** process.scheduler with the policies that take a capability which the host of the suite may lack, read back by chrt(1) from outside. */
import type { MachineCase } from '../case.js';

interface Row {
  readonly name: string;
  /** process.scheduler. */
  readonly json: string;
  /** As chrt prints them: policy, priority, and of deadlines runtime/deadline/period. */
  readonly shown: string;
}

const deadline = 'policy: "SCHED_DEADLINE", runtime: 10000000, deadline: 20000000, period: 30000000';
const rows: readonly Row[] = [
  { name: 'fifo', json: 'policy: "SCHED_FIFO", priority: 10', shown: 'SCHED_FIFO 10 ' },
  { name: 'rr', json: 'policy: "SCHED_RR", priority: 99', shown: 'SCHED_RR 99 ' },
  {
    name: 'reset',
    json: 'policy: "SCHED_RR", priority: 5, flags: ["SCHED_FLAG_RESET_ON_FORK"]',
    shown: 'SCHED_RR|SCHED_RESET_ON_FORK 5 ',
  },
  { name: 'deadline', json: deadline, shown: 'SCHED_DEADLINE 0 10000000/20000000/30000000' },
  {
    name: 'reclaim',
    json: `${deadline}, flags: ["SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN"]`,
    shown: 'SCHED_DEADLINE 0 10000000/20000000/30000000',
  },
  { name: 'negative', json: 'policy: "SCHED_BATCH", nice: -7', shown: 'SCHED_BATCH 0 nice=-7' },
];

const lines = rows.map(
  ({ name, json, shown }) => `
    bundle ${name} '.process.scheduler = {${json}} | .process.args = ["sleep", "3600"]'
    created ${name}
    runtime start ${name}
    # What it was before its execve is what create has made of it.
    same ${name} "$(seen $pid)" '${shown}'`,
);

export const schedulingCases: readonly MachineCase[] = [
  {
    name: 'scheduling/real-time-and-deadlines',
    runtimes: ['chos-runtime'],
    script: `
    seen() {
      local policy priority times= nice
      policy=$(chrt -p $1 | sed -n 's/.*policy: //p')
      priority=$(chrt -p $1 | sed -n 's/.*scheduling priority: //p')
      times=$(chrt -p $1 | sed -n 's/.*runtime\\/deadline\\/period parameters: //p')
      nice=$(ps -o ni= -p $1 | tr -d ' ')
      case $nice in -|0) ;; *) times=nice=$nice ;; esac
      echo "$policy $priority $times"
    }
    ${lines.join('\n')}`,
  },
];

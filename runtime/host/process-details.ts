/** What /proc says of one process, for people. */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { parseStat } from './process-info.js';

export interface ProcessDetails {
  readonly uid: number;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly command: string;
  readonly job: SlurmJob | null;
}

export interface SlurmJob {
  readonly id: string;
  /** A number, batch, extern or interactive. */
  readonly step: string | null;
}

/** Of sysconf(3), the same on every machine of ours. */
const TICKS = 100;

/** The cgroups that slurmd makes, v1 and v2: `/slurm/uid_1000/job_7/step_0/task_0`, `.../slurmstepd.scope/job_7/step_batch/user`. */
export function slurmJobOf(cgroups: string): SlurmJob | null {
  const [, id, step] = /\/job_(\d+)(?:\/step_([^/\n]+))?(?=[/\n]|$)/.exec(cgroups) ?? [];
  return id === undefined ? null : { id, step: step ?? null };
}

/** When the machine was started, in milliseconds since 1970. */
export function bootTime(): number {
  return 1000 * Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? 0);
}

const realUid = (pid: number): number =>
  Number(/^Uid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);

/** There may be ten thousand processes: one buffer for all, and no call more than needed. */
const room = Buffer.allocUnsafeSlow(8192);

/** In Latin-1. */
function textOf(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const length = readSync(fd, room, 0, room.length, 0);
    return length < room.length ? room.toString('latin1', 0, length) : readFileSync(path, 'latin1');
  } finally {
    closeSync(fd);
  }
}

/** Null: it has ended. */
export function processDetails(pid: number, boot: number): ProcessDetails | null {
  try {
    const stat = textOf(`/proc/${pid}/stat`);
    const info = parseStat(stat);
    if (info === null || info.dead) return null;
    const owner = statSync(`/proc/${pid}`).uid;
    return {
      // What must not be dumped shows as root's.
      uid: owner === 0 ? realUid(pid) : owner,
      start: boot + Number((BigInt(info.start) * 1000n) / BigInt(TICKS)),
      command: Buffer.from(stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')), 'latin1').toString(
        'utf8',
      ),
      job: slurmJobOf(textOf(`/proc/${pid}/cgroup`)),
    };
  } catch {
    return null;
  }
}

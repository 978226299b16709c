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

/** Whose a process is; null: it has ended. */
export function ownerOfProcess(pid: number): number | null {
  try {
    const { uid } = statSync(`/proc/${pid}`);
    // What must not be dumped shows as root's.
    return uid === 0 ? realUid(pid) : uid;
  } catch {
    return null;
  }
}

/** Names of the machine's own users by their numbers; a directory service is not asked. */
export function parseUsers(passwd: string): ReadonlyMap<number, string> {
  return new Map(
    passwd.split('\n').flatMap(line => {
      const [name = '', , uid = ''] = line.split(':');
      return name !== '' && /^\d+$/.test(uid) ? [[Number(uid), name] as const] : [];
    }),
  );
}

export function knownUsers(): ReadonlyMap<number, string> {
  try {
    return parseUsers(readFileSync('/etc/passwd', 'utf8'));
  } catch {
    // Numbers, then.
    return new Map();
  }
}

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
    const uid = ownerOfProcess(pid);
    if (uid === null) return null;
    return {
      uid,
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

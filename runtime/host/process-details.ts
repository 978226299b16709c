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

/**
 * Whose a process is, by its effective id as in ps(1); null: it has ended. Of the files below it those of a process that must not be dumped show as root's, the
 * directory itself never does.
 */
export function ownerOfProcess(pid: number): number | null {
  try {
    return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? null;
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

/** Null: it has ended, or it cannot be seen. */
function cgroupsOf(pid: number): string | null {
  try {
    return textOf(`/proc/${pid}/cgroup`);
  } catch {
    return null;
  }
}

function membersOf(directory: string): readonly number[] {
  try {
    return textOf(`${directory}/cgroup.procs`).split('\n').map(Number);
  } catch {
    return [];
  }
}

/**
 * The jobs of processes that are asked one after the other. A group of v2 that has many of them is read once, instead of a file for each; there a process is in
 * one group only, so that what is said of one is true of all that are listed with it. `unified`: where v2 is mounted.
 */
export function jobsOfProcesses(
  unified = '/sys/fs/cgroup',
  cgroups: (pid: number) => string | null = cgroupsOf,
): (pid: number) => SlurmJob | null {
  const byText = new Map<string, SlurmJob | null>();
  const byPid = new Map<number, SlurmJob | null>();
  return pid => {
    const listed = byPid.get(pid);
    if (listed !== undefined) return listed;
    const text = cgroups(pid);
    if (text === null) return null;
    const known = byText.get(text);
    if (known !== undefined) return known;
    const job = slurmJobOf(text);
    byText.set(text, job);
    const [, path] = /^0::(\/.*)\n$/.exec(text) ?? [];
    const members = path === undefined ? [] : membersOf(unified + path);
    // Of another cgroup namespace's mount, or of another hierarchy, it is not.
    if (members.includes(pid)) for (const member of members) byPid.set(member, job);
    return job;
  };
}

/** UTF-8 that was read as Latin-1. */
const utf8 = (text: string): string =>
  /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;

/** Null: it has ended. */
export function processDetails(
  pid: number,
  boot: number,
  jobOf: (pid: number) => SlurmJob | null,
): ProcessDetails | null {
  try {
    const stat = textOf(`/proc/${pid}/stat`);
    const info = parseStat(stat);
    if (info === null || info.dead) return null;
    const uid = ownerOfProcess(pid);
    if (uid === null) return null;
    return {
      uid,
      start: boot + (Number(info.start) * 1000) / TICKS,
      command: utf8(stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))),
      job: jobOf(pid),
    };
  } catch {
    return null;
  }
}

/** What /proc says of processes: whether a recorded process still is the one that was recorded, and who is in a cgroup. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { unlessMissing } from './error-code.js';
import { readProc } from './read-proc.js';

export interface ProcessInfo {
  readonly pid: number;
  /** Clock ticks after boot at which it began, as text: it may not fit a number. Field 22 of /proc/PID/stat (proc_pid_stat(5)). */
  readonly start: string;
  /** Dead, but not waited for: state Z or X. */
  readonly dead: boolean;
}

/** Read the fields of a /proc/PID/stat text. The command name in parentheses may hold anything, parentheses too. */
export function parseStat(text: string): ProcessInfo | null {
  const end = text.lastIndexOf(')');
  const pid = /^(\d+) \(/.exec(text)?.[1];
  if (end < 0 || pid === undefined) return null;
  const fields = text.slice(end + 2).split(' ', 20);
  const [state] = fields;
  const start = fields[19];
  if (state === undefined || start === undefined || !/^\d+$/.test(start)) return null;
  return { pid: Number(pid), start, dead: state === 'Z' || state === 'X' || state === 'x' };
}

/** null if there is no such process (any more). */
export function processInfo(pid: number): ProcessInfo | null {
  const text = readProc(`/proc/${pid}/stat`);
  return text === null ? null : parseStat(text);
}

/** The parent and the pid namespace of each process that is seen. */
function kinship(): ReadonlyMap<number, { readonly parent: number; readonly namespace: string | null }> {
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name));
  return new Map(
    pids.flatMap(name => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, 'latin1');
        const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
        return [[Number(name), { parent, namespace: pidNamespace(name) }] as const];
      } catch {
        return [];
      }
    }),
  );
}

function pidNamespace(pid: string | number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}

/** Those of a container without a cgroup, by its first process: whoever is in its pid namespace, where that is its own, and whoever descends from them; ascending. */
export function relatedPids(init: number): readonly number[] {
  const all = kinship();
  const namespace = all.get(init)?.namespace ?? null;
  const own = namespace !== null && namespace !== pidNamespace('self');
  const found = new Set<number>();
  const pending = [...all.keys()].filter(
    pid => pid === init || (own && all.get(pid)?.namespace === namespace),
  );
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    if (found.has(pid)) continue;
    found.add(pid);
    for (const [child, { parent }] of all) if (parent === pid) pending.push(child);
  }
  return [...found].sort((a, b) => a - b);
}

/** Removed while we looked; threaded (the domain above it tells of them); not for us. */
const CLOSED = ['ENODEV', 'EOPNOTSUPP', 'ENOTDIR', 'EACCES', 'EPERM'];

/** Throws Unreadable: who is not seen is not ended. */
function pidsOfFile(path: string): readonly number[] {
  const text = unlessMissing(path, () => readFileSync(path, 'latin1'), CLOSED) ?? '';
  return text
    .split('\n')
    .map(Number)
    .filter(pid => pid > 0);
}

/** The processes of a cgroup directory and of those below it, ascending. A directory that is gone holds none. */
export function cgroupPids(directory: string): readonly number[] {
  const pids = new Set<number>();
  const pending = [directory];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const pid of pidsOfFile(`${next}/cgroup.procs`)) pids.add(pid);
    const entries = unlessMissing(next, () => readdirSync(next, { withFileTypes: true }), CLOSED) ?? [];
    for (const entry of entries) if (entry.isDirectory()) pending.push(`${next}/${entry.name}`);
  }
  return [...pids].sort((a, b) => a - b);
}

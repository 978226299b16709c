import { spawn } from 'node:child_process';
import { closeSync, existsSync, fchownSync, openSync, readdirSync, readFileSync, watch } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';

export interface LaunchOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Path of a file; /dev/null if absent. */
  readonly stdin?: string;
  /** Files opened for reading as descriptors 3, 4 ... without close-on-exec. */
  readonly descriptors?: readonly string[];
  readonly deadlineMs?: number;
  /** Owner of the files that standard output and error are. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

export interface Finished {
  /** 128 + signal number if a signal ended it, as a shell says it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface Running {
  readonly pid: number;
  readonly done: Promise<Finished>;
  readonly stdoutFile: string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when standard output holds `text`; rejects at the deadline or when the process ends without it. */
  printed(text: string): Promise<string>;
}

export const defaultEnv = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
const defaultDeadlineMs = 10_000;
let launched = 0;

/**
 * Starts a program with files as standard output and error. Not pipes: Node's are sockets, which a container cannot
 * reopen through /dev/stdout, and a detached container would keep them open.
 */
export function launch(argv: readonly string[], dir: string, options: LaunchOptions = {}): Running {
  const [program = '', ...rest] = argv;
  const name = join(dir, `run-${++launched}`);
  const stdoutFile = `${name}.stdout`;
  const stderrFile = `${name}.stderr`;
  const input = openSync(options.stdin ?? '/dev/null', 'r');
  const output = openSync(stdoutFile, 'a+');
  const errors = openSync(stderrFile, 'a+');
  if (options.owner) for (const fd of [output, errors]) fchownSync(fd, options.owner.uid, options.owner.gid);
  const extra = (options.descriptors ?? []).map(path => openSync(path, 'r'));
  const child = spawn(program, rest, {
    stdio: [input, output, errors, ...extra],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...(options.env ?? defaultEnv) },
  });
  for (const fd of [input, output, errors, ...extra]) closeSync(fd);

  const done = new Promise<Finished>(resolve => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.deadlineMs ?? defaultDeadlineMs);
    child.on('error', error => {
      clearTimeout(timer);
      resolve({ code: 127, stdout: '', stderr: error.message, timedOut });
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      const stdout = readFileSync(stdoutFile, 'utf8');
      const stderr = readFileSync(stderrFile, 'utf8');
      resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), stdout, stderr, timedOut });
    });
  });
  return {
    pid: child.pid ?? -1,
    done,
    stdoutFile,
    kill: signal => void child.kill(signal),
    printed: text => fileHolds(stdoutFile, text, options.deadlineMs ?? defaultDeadlineMs),
  };
}

/** Resolves with the text of `file` once it contains `text`. */
export function fileHolds(file: string, text: string, deadlineMs = 5_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const watcher = watch(file, look);
    const timer = setTimeout(() => finish(() => reject(new Error(`${file} never held ${text}`))), deadlineMs);
    function finish(settle: () => void): void {
      clearTimeout(timer);
      watcher.close();
      settle();
    }
    function look(): void {
      // A case that has ended otherwise takes its files away.
      const found = existsSync(file) ? readFileSync(file, 'utf8') : null;
      if (found === null) finish(() => reject(new Error(`${file} is gone and never held ${text}`)));
      else if (found.includes(text)) finish(() => resolve(found));
    }
    look();
  });
}

export interface Orphans {
  /** Exit code (128 + signal) of a container's first process, once the supervisor has reaped it. */
  exited(pid: number, deadlineMs?: number): Promise<number>;
  forget(): void;
}

/** Reads the lines `PID CODE` that `outside supervise` writes on descriptor 3. */
export function readOrphans(fd: number): Orphans {
  const codes = new Map<number, number>();
  const waiting = new Map<number, (code: number) => void>();
  const stream = new Socket({ fd, readable: true, writable: false });
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [pid = 0, code = 0] = line.split(' ').map(Number);
      codes.set(pid, code);
      waiting.get(pid)?.(code);
      waiting.delete(pid);
    }
  });
  return {
    forget: () => codes.clear(),
    exited: (pid, deadlineMs = 5_000) =>
      new Promise((resolve, reject) => {
        const known = codes.get(pid);
        if (known !== undefined) return resolve(known);
        const timer = setTimeout(() => {
          waiting.delete(pid);
          reject(new Error(`process ${pid} did not end within ${deadlineMs} ms`));
        }, deadlineMs);
        waiting.set(pid, code => {
          clearTimeout(timer);
          resolve(code);
        });
      }),
  };
}

export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  /** One letter as in proc_pid_stat(5); Z is a zombie. */
  readonly state: string;
  readonly command: string;
}

export function listProcesses(): readonly ProcessEntry[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The command is in parentheses and may hold any character, so the fields begin after the last one.
        const [state = '', ppid = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        return [{ pid: Number(name), ppid: Number(ppid), state, command }];
      } catch {
        return [];
      }
    });
}

/** All processes below `ancestor`, except `spare` and what is below that. */
export function descendants(ancestor: number, spare: number): readonly ProcessEntry[] {
  const all = listProcesses();
  const found: ProcessEntry[] = [];
  const queue = [ancestor];
  for (let parent = queue.pop(); parent !== undefined; parent = queue.pop()) {
    for (const entry of all) {
      if (entry.ppid !== parent || entry.pid === spare) continue;
      found.push(entry);
      queue.push(entry.pid);
    }
  }
  return found;
}

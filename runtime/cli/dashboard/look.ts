/**
 * What another command prints as JSON, by a process of its own: whatever it waits for, the page does not. One look serves all who ask within a second, and
 * one that came to no end is not followed by others before it is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { visible } from '../../report/visible.js';

export interface Seen<Value> {
  /** Null: nothing has been seen yet. */
  readonly value: Value | null;
  /** When that was, milliseconds since 1970. */
  readonly at: number;
  /** What the look took. */
  readonly milliseconds: number;
  /** Why the last look saw nothing; null: it did. */
  readonly why: string | null;
}

export interface Looking {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds that one look serves. */
  readonly fresh: number;
  /** Milliseconds that it may take. */
  readonly deadline: number;
  /** Most bytes that it may print. */
  readonly most: number;
}

export interface Ended {
  /** Exit code; null: it was killed, or could not be started. */
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
  readonly why: string | null;
}

const live = new Set<ChildProcess>();

/** Nothing is left when the dashboard ends. */
export function endChildren(): void {
  for (const child of live) child.kill('SIGKILL');
}

const ERRORS = 4096;

/** `gone`: called when the process is really no more, which may be long after the deadline. */
export function output(
  { program, args, env, deadline, most }: Omit<Looking, 'fresh'>,
  gone: () => void = () => undefined,
): Promise<Ended> {
  return new Promise(resolve => {
    const child = spawn(program, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
    live.add(child);
    const parts: Buffer[] = [];
    let [size, errors] = [0, ''];
    const end = (code: number | null, why: string | null): void => {
      clearTimeout(timer);
      resolve({ code, out: Buffer.concat(parts).toString('utf8'), errors, why });
    };
    const stop = (why: string): void => {
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      end(null, why);
    };
    const timer = setTimeout(() => stop(`it came to no end within ${deadline / 1000} s`), deadline);
    child.stdout.on('data', (part: Buffer) => {
      size += part.length;
      if (size > most) stop(`it printed more than ${most} bytes`);
      else parts.push(part);
    });
    child.stderr.on('data', (part: Buffer) => {
      if (errors.length < ERRORS) errors += part.toString('utf8').slice(0, ERRORS);
    });
    child.on('error', error => {
      live.delete(child);
      gone();
      end(null, error.message);
    });
    child.on('exit', () => {
      live.delete(child);
      gone();
    });
    child.on('close', (code, signal) => end(code, signal === null ? null : `it was ended by ${signal}`));
  });
}

export const firstLine = (text: string): string => visible(text.trim().split('\n')[0] ?? '');

/** Asks; what it is asked meanwhile has the same answer. */
export function lookBy<Value>(looking: Looking, now = Date.now): () => Promise<Seen<Value>> {
  let last: Seen<Value> = { value: null, at: 0, milliseconds: 0, why: null };
  let running: Promise<Seen<Value>> | null = null;
  let hangs = false;
  const look = async (): Promise<Seen<Value>> => {
    const began = now();
    hangs = true;
    const { out, errors, why } = await output(looking, () => {
      hangs = false;
    });
    const milliseconds = now() - began;
    try {
      if (why !== null) throw new Error(why);
      // Doctor's exit code says that it found a fault.
      if (out === '') throw new Error(firstLine(errors) || 'it printed nothing');
      last = { value: JSON.parse(out) as Value, at: now(), milliseconds, why: null };
    } catch (error) {
      last = { ...last, milliseconds, why: error instanceof Error ? error.message : String(error) };
    }
    return last;
  };
  let asked = Number.NEGATIVE_INFINITY;
  return () => {
    if (running !== null) return running;
    if (now() - asked < looking.fresh) return Promise.resolve(last);
    if (hangs) return Promise.resolve({ ...last, why: 'the last look still waits for something' });
    running = look().finally(() => {
      running = null;
      asked = now();
    });
    return running;
  };
}

/** Programs that do the work: bsdtar, podman, mmdebstrap. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { bad, good, type Result } from './fault.js';
import { interrupted, interruption } from './interruption.js';

/** Not what the caller's PATH names: it is root who runs them. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/**
 * bsdtar must be able to say every name. Messages are those of the locale C, by no other name: for any other (C.UTF-8 too) the C library looks for translations,
 * which it would find in the tree that bsdtar has as its root, together with the libraries that convert them.
 */
const ENVIRONMENT = { PATH, LC_CTYPE: 'C.UTF-8', HOME: '/root' };
/** bsdtar looks for the next header that is whole, and ends with 0: what it has passed over would be missing. */
const DAMAGED = /^bsdtar: Retrying/m;
/** More words of a program nobody reads. */
const KEPT = 8192;

export interface Work {
  readonly program: string;
  readonly args: readonly string[];
  /** What is being done, for the words of a failure. */
  readonly verb: string;
  /** A file on its stdin; every chunk of it is told. */
  readonly input?: { readonly path: string; readonly onBytes?: (chunk: Buffer) => void };
  /** Each line of its stdout without the newline, in Latin-1; false: enough, end it. */
  readonly onLine?: (line: string) => boolean;
  /** Open descriptors that it has from 3 on. */
  readonly hold?: readonly number[];
  /** Which of its words tell why it failed: the first line, or what it calls an error, else the last. */
  readonly words?: 'first' | 'last';
  /** A program, with its arguments, that starts this one. */
  readonly within?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const packages: Readonly<Record<string, string>> = { bsdtar: 'libarchive-tools' };

export function isInstalled(program: string): boolean {
  return PATH.split(':').some(directory =>
    statSync(`${directory}/${program}`, { throwIfNoEntry: false })?.isFile(),
  );
}

export function missing(program: string): Result<never> {
  return bad({ kind: 'no-program', program, package: packages[program] ?? program });
}

/** Splits what comes in into lines. */
function lines(onLine: (line: string) => boolean): { take(chunk: Buffer): boolean } {
  let rest = '';
  return {
    take(chunk) {
      const parts = (rest + chunk.toString('latin1')).split('\n');
      rest = parts.pop() ?? '';
      return parts.every(onLine);
    },
  };
}

/** The first line that says something; bsdtar puts its name before each. */
function firstWords(program: string, text: string): string {
  const line = text.split('\n').find(one => one.trim() !== '') ?? '';
  return line.startsWith(`${program}: `) ? line.slice(program.length + 2) : line;
}

/** The first line that is an error by its own account, else the last that says something. */
function lastWords(program: string, text: string): string {
  const all = text.split(/[\r\n]+/).filter(one => one.trim() !== '');
  const line = all.find(one => /^(E:|error:)/i.test(one)) ?? all.at(-1) ?? '';
  return firstWords(program, line.replace(/^(E|error): +/i, ''));
}

/** To its end. What it writes to stdout is thrown away unless somebody takes it. */
export function work(asked: Work): Promise<Result<null>> {
  const { program, args, verb, input, onLine, hold = [], words = 'first' } = asked;
  const [starter = '', ...rest] = [...(asked.within ?? []), program, ...args];
  if (!isInstalled(program)) return Promise.resolve(missing(program));
  if (interruption.aborted) return Promise.resolve(interrupted(verb));
  return new Promise(resolve => {
    const stdio = [
      input === undefined ? 'ignore' : 'pipe',
      onLine ? 'pipe' : 'ignore',
      'pipe',
      ...hold,
    ] as const;
    const child = spawn(starter, rest, {
      env: { ...ENVIRONMENT, ...asked.environment },
      cwd: '/',
      stdio: [...stdio],
    });
    // What it has written is taken away: nothing is gained by letting it clean up.
    const stop = (): void => void child.kill('SIGKILL');
    interruption.addEventListener('abort', stop);
    let said = '';
    let enough = false;
    let unread: string | null = null;
    let ended: (() => void) | null = null;
    const fault = (why: string): Result<null> => bad({ kind: 'program', program, verb, why });
    child.stderr?.on('data', (chunk: Buffer) => {
      if (words === 'last') said = (said + chunk.toString('utf8')).slice(-KEPT);
      else if (said.length < KEPT) said += chunk.toString('utf8');
    });
    if (onLine !== undefined) {
      const into = lines(onLine);
      child.stdout?.on('data', (chunk: Buffer) => {
        if (enough || into.take(chunk)) return;
        enough = true;
        child.kill('SIGKILL');
      });
    }
    // The whole file is read, even if the program has enough of it before the end: what is told of each chunk is a digest.
    let reading = input !== undefined;
    if (input !== undefined && child.stdin !== null) {
      const { stdin } = child;
      let open = true;
      stdin.on('error', () => {
        open = false;
      });
      stdin.on('close', () => {
        open = false;
        source.resume();
      });
      const source = createReadStream(input.path, { highWaterMark: 1 << 20 });
      source.on('data', chunk => {
        input.onBytes?.(chunk as Buffer);
        if (enough || interruption.aborted) source.destroy();
        else if (open && !stdin.write(chunk)) {
          source.pause();
          stdin.once('drain', () => source.resume());
        }
      });
      const over = (): void => {
        reading = false;
        stdin.end();
        ended?.();
      };
      source.on('error', error => {
        unread = 'code' in error ? String(error.code) : 'EIO';
        over();
      });
      source.on('close', over);
    }
    child.on('error', error => {
      interruption.removeEventListener('abort', stop);
      resolve(fault(error.message));
    });
    child.on('close', (code, signal) => {
      interruption.removeEventListener('abort', stop);
      ended = () => {
        if (interruption.aborted) resolve(interrupted(verb));
        else if (enough) resolve(good(null));
        else if (unread !== null)
          resolve(bad({ kind: 'file', verb: 'read', path: input?.path ?? '', code: unread }));
        else if (signal !== null) resolve(fault(`it was ended by ${signal}`));
        else if (code !== 0 || DAMAGED.test(said))
          resolve(
            fault((words === 'last' ? lastWords : firstWords)(program, said) || `it ended with ${code}`),
          );
        else resolve(good(null));
      };
      if (!reading || interruption.aborted) ended();
    });
  });
}

/** The SHA-256 of what goes by. */
export function passingDigest(): { take(chunk: Buffer): void; digest(): string } {
  const sum = createHash('sha256');
  return { take: chunk => void sum.update(chunk), digest: () => `sha256:${sum.digest('hex')}` };
}

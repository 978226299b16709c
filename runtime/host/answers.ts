/**
 * Which paths answer. Whoever asks a dead file server is not heard of again, and may not be killable: so the asking is done by processes of its own, which get one
 * path at a time. As long as answers come one process asks all; for each path that lets it wait another process goes on with the rest. A path without an
 * answer at the deadline is silent, and its process is killed; what the kernel does not let go yet holds nothing of ours and ends when its server comes back.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { ownEngine } from './own-engine.js';

export type Answer =
  /** A server that says no is well: what it refuses has answered, too. `type`: the magic number of its file system, where that was told. */
  | { readonly kind: 'answered'; readonly milliseconds: number; readonly type: number | null }
  /** ENOENT, ESTALE, EIO ... */
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'silent' }
  /** No process could be had that asks. */
  | { readonly kind: 'unasked' };

export interface Asking {
  /** Milliseconds after which a path is silent. */
  readonly deadline: number;
  /** Milliseconds after which others are asked meanwhile. */
  readonly patience: number;
  /** Most processes at a time. */
  readonly most: number;
  /** The program of such a process: reads lines, each a path in JSON, writes a line for each; the first line says that it is ready. */
  readonly program: string;
}

/**
 * Runs in such a process, which gets its text and nothing else: it refers to nothing outside itself. What is mounted on demand is mounted by the opening; statfs(2)
 * is never answered from a cache.
 */
function serve(load: typeof require): void {
  const fs = load('node:fs') as typeof import('node:fs');
  const ask = (path: string): unknown => {
    try {
      if (fs.statSync(path).isDirectory())
        fs.closeSync(fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY));
      return fs.statfsSync(path).type;
    } catch (error) {
      const { code } = error as { code?: string };
      return code === 'EACCES' || code === 'EPERM' ? null : (code ?? 'EIO');
    }
  };
  let text = '';
  process.stdin.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) fs.writeSync(1, `${JSON.stringify(ask(JSON.parse(line)))}\n`);
  });
  fs.writeSync(1, 'ready\n');
}

const usual: Asking = { deadline: 3000, patience: 200, most: 32, program: `(${serve.toString()})(require)` };

/** Milliseconds that a process has to get ready. */
const START = 8000;

class Round {
  readonly answers = new Map<string, Answer>();
  readonly #waiting: string[];
  readonly #asking: Asking;
  readonly #live = new Set<ChildProcess>();
  readonly #done: () => void;
  #left: number;

  constructor(paths: readonly string[], asking: Asking, done: () => void) {
    this.#waiting = [...new Set(paths)];
    this.#left = this.#waiting.length;
    this.#asking = asking;
    this.#done = done;
    if (this.#left === 0) done();
    else this.#add();
  }

  #settle(path: string, answer: Answer): void {
    if (this.answers.has(path)) return;
    this.answers.set(path, answer);
    this.#left--;
    if (this.#left === 0) this.#done();
  }

  #drop(child: ChildProcess): void {
    this.#live.delete(child);
    child.kill('SIGKILL');
    child.stdin?.destroy();
    child.stdout?.destroy();
    child.unref();
  }

  /** One more process, where there is work for it. */
  #add(): void {
    if (this.#waiting.length === 0 || this.#live.size >= this.#asking.most) return;
    const child = spawn(ownEngine.path, ['-e', this.#asking.program], {
      cwd: '/',
      env: ownEngine.env,
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#live.add(child);
    let path: string | null = null;
    let began = performance.now();
    let ready = false;
    let patience: NodeJS.Timeout | undefined;
    const clear = (): void => {
      clearTimeout(patience);
      clearTimeout(deadline);
    };
    const next = (): void => {
      path = this.#waiting.shift() ?? null;
      if (path === null) {
        this.#drop(child);
        return;
      }
      began = performance.now();
      patience = setTimeout(() => this.#add(), this.#asking.patience);
      deadline = setTimeout(late, this.#asking.deadline);
      child.stdin?.write(`${JSON.stringify(path)}\n`);
    };
    /** It is of no more use; what it was asked has that answer. */
    const lost = (answer: Answer): void => {
      clear();
      if (!this.#live.has(child)) return;
      this.#drop(child);
      if (path !== null) this.#settle(path, answer);
      if (ready) this.#add();
      else if (this.#live.size === 0)
        for (const one of this.#waiting.splice(0)) this.#settle(one, { kind: 'unasked' });
    };
    const late = (): void => lost({ kind: 'silent' });
    let deadline = setTimeout(late, START);
    const take = (line: string): void => {
      clear();
      if (ready && path !== null) {
        const told: unknown = JSON.parse(line);
        const milliseconds = Math.round(performance.now() - began);
        if (typeof told === 'string') this.#settle(path, { kind: 'failed', code: told });
        else
          this.#settle(path, {
            kind: 'answered',
            milliseconds,
            type: typeof told === 'number' ? told : null,
          });
      }
      ready = true;
      next();
    };
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) if (this.#live.has(child)) take(line);
    });
    child.stdin?.on('error', () => lost({ kind: 'unasked' }));
    child.on('error', () => lost({ kind: 'unasked' }));
    child.on('close', () => lost({ kind: 'unasked' }));
  }
}

/** Each path with its answer. */
export function answersOf(
  paths: readonly string[],
  asking: Partial<Asking> = {},
): Promise<ReadonlyMap<string, Answer>> {
  return new Promise(resolve => {
    const round: Round = new Round(paths, { ...usual, ...asking }, () =>
      queueMicrotask(() => resolve(round.answers)),
    );
  });
}

/** SHA-256 of files, on all cores: worker threads, each with a batch at a time. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** A file by its path in bytes; what could not be read has the name of its errno. */
export type Hashed = { readonly hex: string; readonly bytes: number } | { readonly code: string };

/**
 * Runs in the worker, which gets its text and nothing else: it refers to nothing outside itself. Files are opened without following a link and never
 * waited for. `exact`: no directory on the way may have become a link, either: who can write to one may exchange it at any time.
 */
function serve(load: typeof require): void {
  const { parentPort } = load('node:worker_threads') as typeof import('node:worker_threads');
  const { createHash } = load('node:crypto') as typeof import('node:crypto');
  const { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } = load(
    'node:fs',
  ) as typeof import('node:fs');
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  const isAt = (fd: number, path: Buffer): boolean =>
    readlinkSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' }).equals(path);
  const hash = (given: Uint8Array, exact: boolean): unknown => {
    try {
      const path = Buffer.from(given);
      const fd = openSync(path, flags);
      try {
        if (exact && !(fstatSync(fd).isFile() && isAt(fd, path))) return { code: 'ESTALE' };
        const sum = createHash('sha256');
        let bytes = 0;
        for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) {
          sum.update(buffer.subarray(0, n));
          bytes += n;
        }
        return { hex: sum.digest('hex'), bytes };
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      return { code: (error as { code?: string }).code ?? 'EIO' };
    }
  };
  parentPort?.on('message', ({ paths, exact }: { paths: readonly Uint8Array[]; exact: boolean }) =>
    parentPort.postMessage(paths.map(path => hash(path, exact))),
  );
}

export interface HashPool {
  /** The hashes of files, in their order; begins at once, or as soon as a worker is free. `exact`: the paths are real ones, and count for nothing else. */
  hash(paths: readonly Uint8Array[], exact: boolean): Promise<readonly Hashed[]>;
  /** How many batches are worked on at a time. */
  readonly size: number;
  close(): Promise<void>;
}

interface Job {
  readonly paths: readonly Uint8Array[];
  readonly exact: boolean;
  readonly resolve: (hashed: readonly Hashed[]) => void;
  readonly reject: (error: unknown) => void;
}

export function hashPool(size = availableParallelism()): HashPool {
  const code = `(${serve.toString()})(require)`;
  const workers: Worker[] = [];
  const idle: Worker[] = [];
  const waiting: Job[] = [];
  const at = new Map<Worker, Job>();
  const next = (worker: Worker): void => {
    const job = waiting.shift();
    if (job === undefined) {
      at.delete(worker);
      idle.push(worker);
      return;
    }
    at.set(worker, job);
    worker.postMessage({ paths: job.paths, exact: job.exact });
  };
  const add = (): void => {
    const worker = new Worker(code, { eval: true, execArgv: [] });
    worker.on('message', (hashed: readonly Hashed[]) => {
      at.get(worker)?.resolve(hashed);
      next(worker);
    });
    worker.on('error', error => at.get(worker)?.reject(error));
    workers.push(worker);
    next(worker);
  };
  return {
    size,
    hash: (paths, exact) =>
      new Promise((resolve, reject) => {
        waiting.push({ paths, exact, resolve, reject });
        const free = idle.pop();
        if (free !== undefined) next(free);
        else if (workers.length < size) add();
      }),
    close: async () => {
      await Promise.all(workers.map(worker => worker.terminate()));
    },
  };
}

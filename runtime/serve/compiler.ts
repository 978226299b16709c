/** The thread that compiles, seen from the one that speaks to callers: one request at a time, each with a deadline. A thread that does not keep it is replaced. */
import { Worker } from 'node:worker_threads';
import { type Message, makeRoom, type Start } from './worker.js';
import { WORKER } from './worker-argument.js';

/** Milliseconds for one request. A create takes 5. */
export const DEADLINE = 2000;
/**
 * MiB of heap for what lives. Of last resort: where V8 cannot collect within 16 MiB from there, it aborts the whole process. So service.ts looks at what the process
 * takes and replaces the thread long before. Bun has no such bound.
 */
const HEAP = 1024;
/** Milliseconds in which a thread that is told to has ended, if it ever does; and in which one that is replaced has, while nobody waits: its heap may be large. */
const END = 1000;
const REPLACED = 10_000;
/** Threads that hang in a system call cannot be ended; with so many it is lost. */
const MOST_STUCK = 3;
/** It is roused so many times without a request: of those who only connect it would learn later and later, and what it is told in vain is memory. */
export const MOST_ROUSED = 16;

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Called once, with the answer, which is there only while this runs, or, null, without one. */
type Taker = (answer: Uint8Array | null) => void;

export interface Compiler {
  /** It has warmed up, is not at work and does not tidy up. */
  readonly idle: () => boolean;
  readonly warm: () => boolean;
  /** `connection`: the number of that by which it came, from 1. */
  readonly ask: (request: Uint8Array, connection: number, take: Taker) => void;
  /** It wakes up and looks at what it will need: by this connection a request will come. */
  readonly rouse: (connection: number) => void;
  /** It frees what it needs no more; `done` is called once it has, or has ended: one that does not come to it is replaced. One that is still warming up has nothing to free. */
  readonly tidy: (done: () => void) => void;
  /** The thread is ended, wherever it is, and another begun: what it was asked has no answer. Resolves when it has ended, or, because it hangs, will not for a long time. */
  readonly replace: () => Promise<void>;
  /** How many threads have been replaced and have not ended: what the process takes is theirs, too. */
  readonly leaving: () => number;
  /** It is of no more use. Resolves when its thread has ended, or, because it hangs in a system call, will not. */
  readonly end: () => Promise<void>;
}

export interface CompilerOptions {
  /** What Node loads. */
  readonly file: string;
  /** Where threads may make directories; whoever gives it takes them away. */
  readonly scratch: string;
  /** Milliseconds for one request. */
  readonly deadline: number;
  /** It can be asked. */
  readonly ready: () => void;
  /** It is of no more use, and will not be asked. Called once, and not before startCompiler has returned. */
  readonly lost: (why: string) => void;
}

/** Resolves when it has ended, or will not. */
async function ended(end: Promise<unknown> | undefined, milliseconds: number): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const hangs = new Promise<void>(resolve => {
    late = setTimeout(resolve, milliseconds);
  });
  await Promise.race([end, hangs]);
  clearTimeout(late);
}

export function startCompiler({ file, scratch, deadline, ready, lost }: CompilerOptions): Compiler {
  let worker: Worker;
  let isWarm = false;
  let taker: Taker | null = null;
  let tidied: (() => void) | null = null;
  let timer: NodeJS.Timeout | undefined;
  let tidyTimer: NodeJS.Timeout | undefined;
  let stuck = 0;
  let roused = 0;
  let isLost = false;
  /** The last that a thread said of its end. */
  let fault = 'its thread has ended';

  const settle = (answer: Uint8Array | null): void => {
    const take = taker;
    taker = null;
    clearTimeout(timer);
    take?.(answer);
  };
  const settleTidy = (): void => {
    const done = tidied;
    tidied = null;
    clearTimeout(tidyTimer);
    done?.();
  };
  /** Nothing is waited for any more, and no thread begun. */
  const close = (): void => {
    isLost = true;
    isWarm = false;
    clearTimeout(timer);
    clearTimeout(tidyTimer);
  };
  const lose = (why: string): void => {
    close();
    setImmediate(lost, why);
  };
  const begin = (): void => {
    const start: Start = { room: makeRoom(), scratch };
    let one: Worker;
    try {
      one = new Worker(file, {
        argv: [WORKER],
        env: {},
        workerData: start,
        resourceLimits: { maxOldGenerationSizeMb: HEAP },
      });
    } catch (error) {
      lose(wordsOf(error));
      return;
    }
    worker = one;
    isWarm = false;
    settleTidy();
    let alive = true;
    const gone = (): void => {
      if (!alive || worker !== one || isLost) return;
      alive = false;
      settle(null);
      // One that does not even get warm will not the next time.
      if (isWarm) begin();
      else lose(fault);
    };
    one.on('message', ({ bytes, length }: Message) => {
      if (worker !== one || isLost) return;
      const answer = length === undefined ? bytes : start.room.subarray(0, length);
      if (answer !== undefined) settle(answer);
      else if (isWarm) settleTidy();
      else isWarm = true;
      ready();
    });
    // An error is followed by the end.
    one.on('error', error => {
      fault = wordsOf(error);
    });
    one.on('exit', gone);
  };
  const replace = (): Promise<void> => {
    stuck++;
    const end = worker.terminate().then(() => stuck--);
    settle(null);
    if (stuck >= MOST_STUCK) lose(`${stuck} of its threads hang in system calls`);
    else begin();
    return ended(end, REPLACED);
  };
  const end = (): Promise<void> => {
    close();
    // There is none where the first could not be had.
    return ended((worker as Worker | undefined)?.terminate(), END);
  };
  begin();
  return {
    idle: () => isWarm && taker === null && tidied === null,
    warm: () => isWarm,
    ask(request, connection, take) {
      taker = take;
      roused = 0;
      timer = setTimeout(replace, deadline);
      worker.postMessage({ bytes: request, connection } satisfies Message);
    },
    rouse(connection) {
      if (roused++ >= MOST_ROUSED) return;
      worker.postMessage({ connection } satisfies Message);
    },
    tidy(done) {
      if (!isWarm) {
        done();
        return;
      }
      tidied = done;
      // What it was told before comes first: a request, which has its own deadline.
      tidyTimer = setTimeout(replace, 2 * deadline);
      worker.postMessage({} satisfies Message);
    },
    replace,
    leaving: () => stuck,
    end,
  };
}

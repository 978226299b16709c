/** The thread that compiles, seen from the one that speaks to callers: one request at a time, each with a deadline. A thread that does not keep it is replaced. */
import { Worker } from 'node:worker_threads';
import { type Message, makeRoom } from './worker.js';
import { WORKER } from './worker-argument.js';

/** Milliseconds for one request. A create takes 5. */
const DEADLINE = 2000;
/** MiB of heap for what lives; a thread that needs more is ended, and its request is compiled cold. */
const HEAP = 192;
/** Threads that hang in a system call cannot be ended; with so many the service itself ends. */
const MOST_STUCK = 3;

/** Called once, with the answer, which is there only while this runs, or, null, without one. */
type Taker = (answer: Uint8Array | null) => void;

export interface Compiler {
  /** It has warmed up and is not at work. */
  readonly idle: () => boolean;
  readonly warm: () => boolean;
  readonly ask: (request: Uint8Array, take: Taker) => void;
  /** It frees what it needs no more; `ready` tells when. */
  readonly tidy: () => void;
}

/** `file`: what Node loads. `ready`: it can be asked. `lost`: it is of no more use. */
export function startCompiler(file: string, ready: () => void, lost: () => void): Compiler {
  let worker: Worker;
  let isWarm = false;
  let taker: Taker | null = null;
  let deadline: NodeJS.Timeout | undefined;
  let stuck = 0;

  const settle = (answer: Uint8Array | null): void => {
    const take = taker;
    taker = null;
    clearTimeout(deadline);
    take?.(answer);
  };
  const begin = (): void => {
    const room = makeRoom();
    const one = new Worker(file, {
      argv: [WORKER],
      env: {},
      workerData: room,
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
    });
    worker = one;
    isWarm = false;
    let alive = true;
    const gone = (): void => {
      if (!alive || worker !== one) return;
      alive = false;
      settle(null);
      // One that does not even get warm will not the next time.
      if (isWarm) begin();
      else lost();
    };
    one.on('message', ({ bytes, length }: Message) => {
      if (worker !== one) return;
      const answer = length === undefined ? bytes : room.subarray(0, length);
      if (answer === undefined) isWarm = true;
      else settle(answer);
      ready();
    });
    // An error is followed by the end.
    one.on('error', () => undefined);
    one.on('exit', gone);
  };
  const hangs = (): void => {
    const one = worker;
    stuck++;
    void one.terminate().then(() => stuck--);
    settle(null);
    if (stuck >= MOST_STUCK) lost();
    else begin();
  };
  begin();
  return {
    idle: () => isWarm && taker === null,
    warm: () => isWarm,
    ask(request, take) {
      taker = take;
      deadline = setTimeout(hangs, DEADLINE);
      worker.postMessage({ bytes: request } satisfies Message);
    },
    tidy: () => worker.postMessage({} satisfies Message),
  };
}

/** The thread that compiles: one request after another. What it knows of the last one decides what it reads first for the next, and no answer. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Caller } from '../../spec/caller.js';
import {
  type Answer,
  answerParts,
  type DecodedRequest,
  decodeRequest,
  type Request,
} from '../engine/wire.js';
import { collectGarbage, collectLeftovers } from './garbage.js';
import { Looked } from './looked.js';

/** To the thread, a request, that one will come, or nothing when there is none for some time; from it, the answer, or nothing once it is warm or has tidied up. */
export interface Message {
  readonly bytes?: Uint8Array;
  /** By which they came; alone: it is there, and its request will be soon. */
  readonly connection?: number;
  /** The answer is that much of the thread's room. */
  readonly length?: number;
}

/** Where the thread puts its answers, shared with the one that speaks to callers: buffers that are handed over are garbage there. Larger ones are. */
const ROOM = 256 * 1024;
export const makeRoom = (): Uint8Array<SharedArrayBuffer> => new Uint8Array(new SharedArrayBuffer(ROOM));

/** Milliseconds: what it answers with has been started by then, and needs the processors no more. */
const CALM = 20;

/** What a thread is started with. */
export interface Start {
  readonly room: Uint8Array;
  /** A directory for what it writes while it warms up. */
  readonly scratch: string;
}

/** Into the room, or as bytes. */
export function messageOf(parts: readonly Uint8Array[], room: Uint8Array): Message {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > room.length) return { bytes: Buffer.concat(parts, length) };
  let at = 0;
  for (const part of parts) {
    room.set(part, at);
    at += part.length;
  }
  return { length };
}

async function reply(
  decoded: DecodedRequest,
  answer: (request: Request) => Promise<Answer>,
  bug: (error: unknown) => Answer,
): Promise<readonly Uint8Array[]> {
  if (decoded.kind === 'fault')
    return answerParts({ kind: 'cold', message: `the request is not one: ${decoded.fault}` }, 0n);
  return answerParts(await answer({ ...decoded.request, served: true }).catch(bug), decoded.nonce);
}

/** What the thread is made of. Given, because each bundle has modules of its own. */
export interface ServedCompiler {
  readonly answer: (request: Request) => Promise<Answer>;
  readonly bug: (error: unknown) => Answer;
  /** As runtime/host/facts.ts. */
  readonly lookAhead: (caller: Caller) => void;
  readonly forgetAhead: () => void;
}

/** `ready`: it has warmed up, or will not. */
export function compileRequests({ answer, bug, lookAhead, forgetAhead }: ServedCompiler): {
  readonly ready: () => void;
  readonly scratch: string;
} {
  const port = parentPort;
  const { room, scratch } = workerData as Start;
  let calm: NodeJS.Timeout | undefined;
  /** Who asked last. Who asks next is often like him; if not, what was read for nothing is read again. */
  let last: Caller | null = null;
  const looked = new Looked(() => performance.now());
  port?.on('message', ({ bytes, connection }: Message) => {
    if (bytes !== undefined) {
      if (!looked.isFor(connection)) forgetAhead();
      clearTimeout(calm);
      const decoded = decodeRequest(bytes);
      void reply(decoded, answer, bug).then(parts => {
        port.postMessage(messageOf(parts, room));
        forgetAhead();
        // A copy: the texts of a request are parts of it, and would keep it whole, with arguments and environment.
        if (decoded.kind === 'request') last = structuredClone(decoded.request.caller);
        calm = setTimeout(collectLeftovers, CALM);
      });
      return;
    }
    if (connection !== undefined) {
      looked.begin(connection);
      if (last !== null) lookAhead(last);
      return;
    }
    collectGarbage();
    port.postMessage({} satisfies Message);
  });
  return { ready: () => port?.postMessage({} satisfies Message), scratch };
}

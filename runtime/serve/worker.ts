/** The thread that compiles: one request after another, and nothing is kept from one to the next. */
import { parentPort } from 'node:worker_threads';
import { type Answer, decodeRequest, encodeAnswer, type Request } from '../engine/wire.js';

/** To the thread, a request; from it, the answer, or nothing once it is warm. */
export interface Message {
  readonly bytes?: Uint8Array;
}

/** Without a copy, where the bytes have a buffer of their own. */
export const moved = (bytes: Uint8Array<ArrayBuffer>): [Message, ArrayBuffer[]] => [
  { bytes },
  bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [],
];

async function reply(
  bytes: Uint8Array,
  answer: (request: Request) => Promise<Answer>,
  bug: (error: unknown) => Answer,
): Promise<Uint8Array<ArrayBuffer>> {
  const decoded = decodeRequest(bytes);
  if (decoded.kind === 'fault')
    return encodeAnswer({ kind: 'cold', message: `the request is not one: ${decoded.fault}` }, 0n);
  return encodeAnswer(await answer(decoded.request).catch(bug), decoded.nonce);
}

/** `ready`: it has warmed up, or will not. */
export function compileRequests(
  answer: (request: Request) => Promise<Answer>,
  bug: (error: unknown) => Answer,
): { readonly ready: () => void } {
  const port = parentPort;
  port?.on('message', ({ bytes }: Message) => {
    if (bytes === undefined) return;
    void reply(bytes, answer, bug).then(done => port.postMessage(...moved(done)));
  });
  return { ready: () => port?.postMessage({} satisfies Message) };
}

/**
 * One request on descriptor 3, one answer, the end. With arguments (`node chos-runtime.cjs list`) it is for development: commands that start
 * nothing work, the others say that they need the engine.
 */
import { fstatSync, readSync, writeSync } from 'node:fs';
import { WireFd } from '../../spec/wire.js';
import { forgetKnown } from '../cli/known.js';
import { ownRequest } from '../cli/own-request.js';
import { type Answer, type Asked, decodeRequest, encodeAnswer, requestSize } from '../engine/wire.js';
import { forgetAhead, lookAhead } from '../host/facts.js';
import { WORKER } from '../serve/worker-argument.js';
import { answer } from './dispatch.js';

/** Descriptor 3 is inherited in blocking mode, so that no event loop is needed. */
function readRequest(fd: number): Asked {
  let bytes = Buffer.allocUnsafe(16 * 1024);
  let length = 0;
  for (;;) {
    const size = requestSize(bytes.subarray(0, length));
    if (size !== null && length >= size) break;
    if (size !== null && size > bytes.length)
      bytes = Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
    const count = readSync(fd, bytes, length, bytes.length - length, null);
    if (count === 0) break;
    length += count;
  }
  const decoded = decodeRequest(bytes.subarray(0, length));
  if (decoded.kind === 'request') return decoded;
  throw new Error(`request: ${decoded.fault}; chos-runtime and its compiler belong to different versions`);
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

/** A bug must not show a stack trace to the callers, who parse what they read. */
function bug(error: unknown): Answer {
  const reason = error instanceof Error ? error.message : String(error);
  const detail = error instanceof Error ? (error.stack ?? '') : '';
  const message = `internal error: ${reason.replace(/\s+/g, ' ')}`;
  return { kind: 'report', exitCode: 1, out: '', message, detail };
}

async function serve(): Promise<void> {
  let reply: Answer;
  let nonce = 0n;
  try {
    const asked = readRequest(WireFd.SOCKET);
    nonce = asked.nonce;
    reply = await answer(asked.request);
  } catch (error) {
    reply = error instanceof Error && error.name === 'LargeInput' ? { kind: 'again' } : bug(error);
  }
  writeAll(WireFd.SOCKET, encodeAnswer(reply, nonce));
}

async function direct(args: readonly string[]): Promise<void> {
  const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
  const request = ownRequest(args, { environment, cwd: process.cwd() });
  const reply = await answer(request).catch(bug);
  if (reply.kind !== 'report') {
    writeSync(2, 'chos-runtime: compiled, but only the engine can execute it\n');
    process.exitCode = 1;
    return;
  }
  if (reply.out !== '') writeAll(1, Buffer.from(reply.out));
  if (reply.exitCode === 0) {
    for (const warning of reply.message.split('\0').slice(0, -1))
      writeSync(2, `chos-runtime: warning: ${warning}\n`);
  } else if (reply.message !== '')
    writeSync(2, `chos-runtime: ${reply.message}\n${reply.detail}${reply.detail === '' ? '' : '\n'}`);
  process.exitCode = reply.exitCode;
}

function hasSocket(): boolean {
  try {
    return fstatSync(WireFd.SOCKET).isSocket();
  } catch {
    return false;
  }
}

/** Called by load.ts, once. */
export async function main(args: readonly string[]): Promise<void> {
  if (args[0] === WORKER) {
    const { compilerThread } = await import('./service.js');
    compilerThread({ answer, bug, lookAhead, forgetAhead }, forgetKnown);
    return;
  }
  await (args.length === 0 && hasSocket() ? serve() : direct(args));
  // exit() and not the end of the event loop: tearing down the heap costs time that the container waits for.
  process.exit();
}

/** For warm-up.ts, which calls it to have V8 compile what create, run and exec need. */
export { answer };

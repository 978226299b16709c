/**
 * A connection as its descriptor: what has come is read at once, and what there is room for is sent at once. Node's streams allocate 64 KiB for each piece that they
 * read, and turn through the event loop for it; they are there for the rest.
 */
import { readSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';

const room = Buffer.allocUnsafeSlow(64 * 1024);

/** The descriptor of a connection, which Node does not tell otherwise. */
export const descriptorOf = (socket: Socket): number =>
  (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle?.fd ?? -1;

/** A first piece, if it is there: its own bytes. */
export function readNow(fd: number): Uint8Array {
  try {
    return Buffer.from(room.subarray(0, readSync(fd, room)));
  } catch {
    // Not there yet, or an error that the stream will tell.
    return room.subarray(0, 0);
  }
}

/** Sends the last that is said. `bytes` are the caller's again when this returns. */
export function endWith(socket: Socket, bytes: Uint8Array): void {
  let sent = 0;
  try {
    if (socket.writableLength === 0) sent = writeSync(descriptorOf(socket), bytes);
  } catch {
    // No room now, or nobody there: the stream waits for the one and tells the other.
  }
  if (sent === bytes.length) socket.end();
  else socket.end(Buffer.from(bytes.subarray(sent)));
}

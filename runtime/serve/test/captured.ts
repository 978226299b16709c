import { createServer } from 'node:net';
import { REQUEST_HEADER_SIZE } from '../../../spec/wire.js';

/** The request that the engine sends to whoever listens at the socket while `ask` runs; it then does without an answer. `as`: who listens. */
export async function captured(
  path: string,
  ask: () => Promise<unknown>,
  as: { readonly uid?: number } = {},
): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  const server = createServer(socket => {
    socket.on('error', () => undefined);
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= REQUEST_HEADER_SIZE && bytes.length >= bytes.readUInt32LE(8)) socket.destroy();
    });
  });
  // The kernel notes who listens at this moment.
  if (as.uid !== undefined) process.seteuid?.(as.uid);
  try {
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(path, resolve));
  } finally {
    if (as.uid !== undefined) process.seteuid?.(0);
  }
  await ask();
  await new Promise(resolve => server.close(resolve));
  return bytes;
}

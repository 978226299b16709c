/** Requests that are none any more. */
import { REQUEST_HEADER_SIZE } from '../../../spec/wire.js';
import { kindsFrom, type Target } from './kinds.js';

/** Sends a request that often, changed differently each time, some at once; a part of them closes its half of the connection, or all. Prints how often each kind of answer came last; 0: none. */
const program = `
  const [path, file, count, seed] = process.argv.slice(1);
  const request = require('node:fs').readFileSync(file);
  let state = Number(seed);
  const below = bound => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % bound;
  };
  const lengths = [0, 1, 2, 100, 65535, 1 << 20, 0x7fffffff, 0xffffffff, request.length];
  const sized = bytes => {
    if (bytes.length >= 12) bytes.writeUInt32LE(bytes.length, 8);
    return bytes;
  };
  const change = [
    bytes => {
      for (let i = below(8); i >= 0; i--) bytes[below(bytes.length)] = below(256);
      return bytes;
    },
    bytes => {
      bytes.writeUInt32LE(lengths[below(lengths.length)], 8 + 4 * below(8));
      return bytes;
    },
    bytes => sized(bytes.subarray(0, ${REQUEST_HEADER_SIZE} + below(bytes.length - ${REQUEST_HEADER_SIZE}))),
    bytes => sized(Buffer.concat([bytes, Buffer.alloc(below(2000), below(256))])),
    bytes => {
      const at = ${REQUEST_HEADER_SIZE} + below(bytes.length - ${REQUEST_HEADER_SIZE});
      return bytes.fill(below(2) * 255, at, Math.min(bytes.length, at + below(300)));
    },
    bytes => bytes.fill(below(256), 56, 112),
    bytes => {
      const at = ${REQUEST_HEADER_SIZE} + below(bytes.length - ${REQUEST_HEADER_SIZE});
      return sized(Buffer.concat([bytes.subarray(0, at), Buffer.alloc(below(200000), 'A'), bytes.subarray(at)]));
    },
  ];
  const kinds = {};
  let left = Number(count);
  let open = 0;
  const next = () => {
    if (left === 0) {
      if (open === 0) console.log(JSON.stringify(kinds));
      return;
    }
    left--;
    open++;
    const socket = require('node:net').connect(path);
    const bytes = change[below(change.length)](Buffer.from(request));
    const how = below(10);
    const sent = how === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
    socket.write(sent);
    // Who waits for more hears that there is none.
    if (how === 2 || sent.length < 12 || sent.readUInt32LE(8) > sent.length) socket.end();
    let kind = 0;
    socket.on('data', chunk => {
      if (chunk.length >= 16) kind = chunk.readUInt32LE(12);
      if (how === 1) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open--;
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      next();
    });
  };
  for (let i = 0; i < 8; i++) next();
`;

/** `count` of them; equal seeds give equal ones. */
export const mutants = (target: Target, count: number, seed: number): Promise<Record<string, number>> =>
  kindsFrom(program, target, [count, seed]);

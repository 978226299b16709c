/** Many requests at the same moment. */
import { AnswerKind } from '../../../spec/wire.js';
import { kindsFrom, type Target } from './kinds.js';

/**
 * Asks that often at once, and again that many times; prints how many answers of each kind came last. It kills a process, if one is given, when it is first told to
 * wait. What it asks goes out with the connection: whoever is late with it is not answered.
 */
const program = `
  const [path, file, count, times, pid] = process.argv.slice(1);
  const request = require('node:fs').readFileSync(file);
  const kinds = {};
  let left = Number(times), killed = false;
  const again = () => {
  let closed = 0;
  const sockets = Array.from({ length: Number(count) }, () => {
    const chunks = [];
    const socket = require('node:net').connect(path);
    socket.write(request);
    socket.on('data', chunk => {
      chunks.push(chunk);
      if (pid === undefined || killed || chunk.readUInt32LE(12) !== ${AnswerKind.WAIT}) return;
      killed = true;
      process.kill(Number(pid), 'SIGKILL');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const all = Buffer.concat(chunks);
      let kind = 0;
      for (let at = 0; at + 16 <= all.length; at += all.readUInt32LE(at + 8)) {
        kind = all.readUInt32LE(at + 12);
        // An image may follow another one.
        if (kind !== ${AnswerKind.WAIT}) break;
      }
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      if (++closed < sockets.length) return;
      if (--left > 0) again();
      else console.log(JSON.stringify(kinds));
    });
    return socket;
  });
  };
  again();
`;

/** `count` requests at once, `times` times; `kill`: the process that is killed. */
export const flood = (
  target: Target,
  count: number,
  times: number,
  kill?: number,
): Promise<Record<string, number>> =>
  kindsFrom(program, target, kill === undefined ? [count, times] : [count, times, kill]);

/** Somebody in the place of the compiler's service (docs/compiler-service.md), in a process of its own: the caller of the tests waits for the commands. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { ANSWER_HEADER_SIZE, AnswerKind, WIRE_VERSION } from '../../spec/wire.js';

/**
 * Listens at the path. What it does: `silent` accepts and says nothing; `closes` at once; `waits` says WAIT once, and nothing more; `garbage`; `full` accepts nothing,
 * and its backlog is full. The others ask the real service at the second path, and hand over its answer, but: `version`, `nonce`, `magic` are others; `again`, it is the one of
 * the request before; `keep FILE` writes the request there, and closes; `drip`, a byte every 20 ms after the header; `cut N`, no more than N thousandths of it.
 */
const program = `
  const net = require('node:net');
  const [what, path, real] = process.argv.slice(1);
  let last = null;
  const wait = nonce => {
    const bytes = Buffer.alloc(${ANSWER_HEADER_SIZE});
    bytes.write('CHAN');
    [${WIRE_VERSION}, ${ANSWER_HEADER_SIZE}, ${AnswerKind.WAIT}].forEach((value, i) => bytes.writeUInt32LE(value, 4 + 4 * i));
    nonce.copy(bytes, 48);
    return bytes;
  };
  const changed = bytes => {
    const own = Buffer.from(bytes);
    const [kind, number = 0] = what.split(' ');
    if (kind === 'version') own.writeUInt32LE(${WIRE_VERSION} + 1, 4);
    if (kind === 'magic') own.writeUInt32LE(1, 0);
    if (kind === 'nonce') own[48] ^= 1;
    if (kind === 'again') {
      const before = last;
      last = own;
      return before ?? own;
    }
    return kind === 'cut' ? own.subarray(0, own.length * number / 1000) : own;
  };
  const ask = (socket, request) => {
    const chunks = [];
    const other = net.connect(real);
    other.write(request);
    other.on('data', chunk => chunks.push(chunk));
    other.on('close', () => {
      let all = Buffer.concat(chunks);
      while (all.length > 16 && all.readUInt32LE(12) === ${AnswerKind.WAIT}) all = all.subarray(all.readUInt32LE(8));
      if (what !== 'drip') return socket.end(changed(all));
      let at = ${ANSWER_HEADER_SIZE};
      socket.write(all.subarray(0, at));
      const timer = setInterval(() => socket.write(all.subarray(at, ++at)), 20);
      socket.on('close', () => clearInterval(timer));
    });
  };
  const server = net.createServer(socket => {
    socket.on('error', () => undefined);
    if (what === 'closes') return socket.destroy();
    if (what === 'garbage') return socket.end(require('node:crypto').randomBytes(5000));
    let all = Buffer.alloc(0);
    socket.on('data', chunk => {
      all = Buffer.concat([all, chunk]);
      if (all.length < 16 || all.length < all.readUInt32LE(8)) return;
      if (what === 'silent') return;
      if (what.startsWith('keep ')) {
        require('node:fs').writeFileSync(what.slice(5), all);
        return socket.destroy();
      }
      // The header's tenth word, and two more, come before the nonce.
      if (what === 'waits') socket.write(wait(all.subarray(48, 56)));
      else ask(socket, all);
    });
  });
  server.listen({ path, backlog: what === 'full' ? 1 : 100 }, () => {
    if (what === 'full') for (let i = 0; i < 8; i++) net.connect(path).on('error', () => undefined);
    require('node:fs').writeSync(1, 'listens');
    if (what === 'full') process.kill(process.pid, 'SIGSTOP');
  });
`;

export interface StandIn {
  end(): Promise<void>;
}

export async function standIn(what: string, path: string, real: string): Promise<StandIn> {
  const child: ChildProcess = spawn(process.execPath, ['-e', program, what, path, real], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>(done => child.on('close', () => done()));
  await new Promise<void>(done => child.stdout?.once('data', () => done()));
  return {
    end: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(path);
    },
  };
}

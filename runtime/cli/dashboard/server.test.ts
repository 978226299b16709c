import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { serverOf } from './server.js';

let asked = 0;
/** Nothing is answered before the test says so. */
let answer: () => void = () => undefined;
let answered = new Promise<void>(resolve => {
  answer = resolve;
});
let server: Server;

test.before(async () => {
  const page = async () => {
    asked++;
    await answered;
    return { status: 200, type: 'text/plain', body: 'seen\n' };
  };
  // More than what the kernel holds for a connection.
  const large = () => ({ status: 200, type: 'text/plain', body: 'x'.repeat(6 << 20) });
  server = serverOf({ '/': page, '/large': large }, []);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});

test.after(() => {
  server.close();
  server.closeAllConnections();
});

/** All that comes until the connection ends. */
function exchange(text: string): Promise<string> {
  return new Promise(resolve => {
    const { port } = server.address() as AddressInfo;
    let got = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (part: Buffer) => {
      got += part.toString('latin1');
    });
    // What is still to be sent when it ends.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(got));
  });
}

const question = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n';

test('a connection has one question at a time: more of them end it, and are not looked at', async () => {
  assert.is(await exchange(`${question}\r\n`.repeat(50_000)), '');
  assert.is(asked, 1);
});

test('one after the other they are answered', async () => {
  answer();
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  for (let i = 0; i < 3; i++) {
    socket.write(`${question}\r\n`);
    const part = await new Promise(resolve => socket.once('data', resolve));
    assert.match(String(part), /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nseen\n$/);
  }
  socket.destroy();
});

test('more than one Host is none of ours, whichever comes first', async () => {
  answered = Promise.resolve();
  assert.match(
    await exchange(`${question}host: evil.example\r\nConnection: close\r\n\r\n`),
    /^HTTP\/1\.1 400 /,
  );
});

/** Connections of somebody, each of which has sent a text. */
async function connections(count: number, text: string): Promise<readonly Socket[]> {
  const { port } = server.address() as AddressInfo;
  return Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Socket>(resolve => {
          const socket = connect(port, '127.0.0.1', () => socket.write(text, () => resolve(socket)));
          socket.on('error', () => undefined);
        }),
    ),
  );
}

const closed = (socket: Socket): Promise<void> =>
  new Promise(resolve => (socket.closed ? resolve() : socket.once('close', () => resolve())));

test('who holds all connections keeps nobody out: the oldest that asks nothing goes', async () => {
  const before = await connections(1, '');
  const held = [...before, ...(await connections(63, 'GET / HTTP/1.1\r\n'))];
  assert.match(await exchange(`${question}Connection: close\r\n\r\n`), /^HTTP\/1\.1 200 /);
  await closed(before[0] as Socket);
  assert.is(held.filter(socket => socket.destroyed).length, 1);
  for (const socket of held) socket.destroy();
  await Promise.all(held.map(closed));
});

test('nor does who reads no answer', async () => {
  const held = await connections(64, `${question.replace('/', '/large')}\r\n`);
  // The first part of each has come; nobody takes the rest.
  await Promise.all(held.map(socket => new Promise(resolve => socket.once('readable', resolve))));
  assert.match(await exchange(`${question}Connection: close\r\n\r\n`), /^HTTP\/1\.1 200 /);
  for (const socket of held) socket.destroy();
  await Promise.all(held.map(closed));
});

test('who waits for his answer stays: then it is the new one that goes', async () => {
  let go: () => void = () => undefined;
  answered = new Promise<void>(resolve => {
    go = resolve;
  });
  const start = asked;
  const held = await connections(64, `${question}\r\n`);
  const answers = held.map(socket => new Promise(resolve => socket.once('data', resolve)));
  while (asked < start + 64) await new Promise(resolve => setImmediate(resolve));
  assert.is(await exchange(`${question}\r\n`), '');
  go();
  for (const part of await Promise.all(answers)) assert.match(String(part), /^HTTP\/1\.1 200 /);
  for (const socket of held) socket.destroy();
});

test.run();

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { descriptorOf, endWith, readNow } from './connection.js';
import { makeRoom, messageOf } from './worker.js';

const directory = mkdtempSync(join(tmpdir(), 'chos-connection-'));
const path = join(directory, 's');

/** What comes of a connection to whoever does this with it. */
function sentBy(say: (socket: Parameters<typeof endWith>[0]) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const server = createServer(say).listen(path, () =>
      connect(path)
        .on('data', chunk => chunks.push(chunk))
        .on('error', reject)
        .on('end', () => server.close(() => resolve(Buffer.concat(chunks)))),
    );
  });
}

test("all is sent, though there is no room for it at once, and the bytes are the caller's again", async () => {
  for (const size of [0, 10, 5_000_000]) {
    const bytes = Buffer.alloc(size, 'a');
    const got = await sentBy(socket => {
      endWith(socket, bytes);
      bytes.fill('b');
    });
    assert.ok(got.equals(Buffer.alloc(size, 'a')), `${size} ${got.length}`);
  }
});

test('what has been said before comes before', async () => {
  const first = 'x'.repeat(1_000_000);
  const got = await sentBy(socket => {
    socket.write(first);
    endWith(socket, Buffer.from('end'));
  });
  assert.ok(got.toString() === `${first}end`);
});

test('nothing is waited for', async () => {
  let read: Uint8Array | undefined;
  await sentBy(socket => {
    read = readNow(descriptorOf(socket));
    socket.end();
  });
  assert.is(read?.length, 0);
  assert.is(readNow(-1).length, 0);
});

test('an answer is put into the room, or given as bytes where it is larger', () => {
  const room = makeRoom();
  assert.equal(messageOf([Buffer.from('ab'), Buffer.from('c')], room), { length: 3 });
  assert.is(Buffer.from(room.subarray(0, 3)).toString(), 'abc');
  assert.is(messageOf([new Uint8Array(room.length)], room).length, room.length);
  const large = [new Uint8Array(room.length).fill(1), Uint8Array.of(2)];
  const { bytes, length } = messageOf(large, room);
  assert.equal([bytes?.length, bytes?.at(-1), length], [room.length + 1, 2, undefined]);
});

test.after(() => rmSync(directory, { recursive: true }));
test.run();

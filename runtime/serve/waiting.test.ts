/** Who waits for a compiler that is at work: this process, whose requests the service takes as its own user's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANSWER_HEADER_SIZE,
  AnswerKind,
  REQUEST_HEADER_SIZE,
  REQUEST_MAGIC,
  SERVICE_REQUEST_LIMIT,
  WIRE_VERSION,
} from '../../spec/wire.js';
import { Service } from './service.js';

const directory = mkdtempSync(join(tmpdir(), 'chos-waiting-'));
const path = join(directory, 's');

/** A whole header, of a request of that size. */
function head(size: number): Buffer {
  const bytes = Buffer.alloc(REQUEST_HEADER_SIZE);
  bytes.writeUInt32LE(REQUEST_MAGIC, 0);
  bytes.writeUInt32LE(WIRE_VERSION, 4);
  bytes.writeUInt32LE(size, 8);
  return bytes;
}

interface Asking {
  readonly socket: Socket;
  /** The first answer of this kind, as its message. */
  readonly told: (kind: number) => Promise<string>;
}

function ask(bytes: Uint8Array): Asking {
  const socket = connect(path).on('error', () => undefined);
  socket.write(bytes);
  let all = Buffer.alloc(0);
  socket.on('data', chunk => {
    all = Buffer.concat([all, chunk]);
  });
  const find = (kind: number): string | null => {
    for (let at = 0; at + ANSWER_HEADER_SIZE <= all.length; at += all.readUInt32LE(at + 8))
      if (all.readUInt32LE(at + 12) === kind)
        return all.toString('utf8', at + ANSWER_HEADER_SIZE, at + all.readUInt32LE(at + 8));
    return null;
  };
  const told = async (kind: number): Promise<string> => {
    for (let found = find(kind); ; found = find(kind)) {
      if (found !== null) return found;
      if (socket.closed) return 'nothing';
      await new Promise(resolve => socket.once('data', resolve).once('close', resolve));
    }
  };
  return { socket, told };
}

/** A service with a compiler that is at work for ever. */
async function serving(act: (service: Service) => Promise<void>): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(path, resolve));
  const compiler = { idle: () => false, warm: () => true, ask: () => undefined, tidy: () => undefined };
  const files = { unchanged: () => true, isOurs: () => true };
  try {
    await act(new Service({ server, compiler, files, idle: null, end: () => undefined }));
  } finally {
    await new Promise(resolve => server.close(resolve));
  }
}

test('when the compiler is lost all that wait are told so', () =>
  serving(async service => {
    const all = Array.from({ length: 10 }, () => ask(head(REQUEST_HEADER_SIZE)));
    for (const one of all) await one.told(AnswerKind.WAIT);
    service.leave();
    for (const one of all) assert.is(await one.told(AnswerKind.COLD), 'its compiler is lost');
  }));

test('what is announced counts, and no more when whoever announced it has gone', () =>
  serving(async () => {
    const all: Asking[] = [];
    for (let i = 0; i < 100; i++) {
      const one = ask(head(SERVICE_REQUEST_LIMIT));
      all.push(one);
      // 64 MiB are taken; nothing is said to these.
      if (i >= 64) assert.is(await one.told(AnswerKind.COLD), 'too many wait', String(i));
    }
    assert.equal(
      all.map(({ socket }) => socket.bytesRead > 0),
      all.map((_, i) => i >= 64),
    );
    const [first] = all;
    first?.socket.destroy();
    // One has room again, as soon as the service has seen it.
    let told = '';
    do {
      const one = ask(head(REQUEST_HEADER_SIZE));
      told = await Promise.race([one.told(AnswerKind.WAIT), one.told(AnswerKind.COLD)]);
      one.socket.destroy();
    } while (told === 'too many wait');
    assert.is(told, '');
    for (const { socket } of all) socket.destroy();
  }));

test('a size that no request has is not called large', () =>
  serving(async () => {
    assert.is(await ask(head(REQUEST_HEADER_SIZE - 1)).told(AnswerKind.COLD), 'the request is not one');
    assert.is(await ask(head(SERVICE_REQUEST_LIMIT + 1)).told(AnswerKind.COLD), 'the request is too large');
  }));

test.after(() => rmSync(directory, { recursive: true }));
test.run();

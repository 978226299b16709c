/** Who waits for a compiler that is at work: this process, whose requests the service takes as its own user's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
import { encodeAnswer } from '../engine/wire.js';
import type { Compiler } from './compiler.js';
import { type Patience, Service, type ServiceOptions } from './service.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

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
      await new Promise<void>(resolve => {
        const more = (): void => {
          socket.off('data', more).off('close', more);
          resolve();
        };
        socket.on('data', more).on('close', more);
      });
    }
  };
  return { socket, told };
}

/** Nobody waits too long. */
const forEver: Patience = {
  exchange: 60_000,
  slow: Number.POSITIVE_INFINITY,
  most: Number.POSITIVE_INFINITY,
  pace: 1,
};
type Given = 'compiler' | 'patience' | 'connections' | 'files' | 'end' | 'memory' | 'lost';
type Options = Partial<Pick<ServiceOptions, Given>>;
const nothing = (): void => undefined;
const atWork: Compiler = {
  idle: () => false,
  warm: () => true,
  ask: nothing,
  rouse: nothing,
  tidy: nothing,
  replace: nothing,
  end: async () => undefined,
};

/** A service with a compiler that is at work for ever, if nothing else is given. */
async function serving(act: (service: Service) => Promise<void>, given: Options = {}): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(path, resolve));
  const files = { unchanged: () => true, isOurs: () => true };
  const usual = { compiler: atWork, patience: forEver, connections: 1000, memory: () => 0, lost: nothing };
  try {
    await act(new Service({ server, files, idle: null, end: nothing, ...usual, ...given }));
  } finally {
    await new Promise(resolve => server.close(resolve));
  }
}

type Take = Parameters<Compiler['ask']>[2];
const answer = encodeAnswer({ kind: 'report', exitCode: 0, out: 'done', message: '', detail: '' }, 0n);

/** A compiler that hands over whom it has to answer, or null when it answers. */
function compilerOf(asked: (take: Take) => void): Compiler {
  let busy = false;
  return {
    ...atWork,
    idle: () => !busy,
    ask: (_bytes, _connection, take) => {
      busy = true;
      asked(bytes => {
        busy = false;
        take(bytes);
      });
    },
  };
}

test('a compiler that has nothing to do hears who connects, and that he asks; not of several, of whom anybody may ask first', async () => {
  const heard: string[] = [];
  let busy = false;
  let roused: () => void = nothing;
  const compiler: Compiler = {
    ...atWork,
    idle: () => !busy,
    rouse: connection => {
      heard.push(`rouse ${connection}`);
      roused();
    },
    ask: (_bytes, connection, take) => {
      heard.push(`ask ${connection}`);
      take(answer);
    },
  };
  await serving(
    async () => {
      await ask(head(REQUEST_HEADER_SIZE)).told(AnswerKind.REPORT);
      assert.equal(heard.splice(0), ['rouse 1', 'ask 1']);
      const isRoused = new Promise<void>(resolve => {
        roused = resolve;
      });
      const silent = ask(Buffer.alloc(0)).socket;
      await isRoused;
      await ask(head(REQUEST_HEADER_SIZE)).told(AnswerKind.REPORT);
      assert.equal(heard.splice(0), ['rouse 2', 'ask 3']);
      silent.end(head(REQUEST_HEADER_SIZE));
      await new Promise(resolve => silent.on('close', resolve));
      assert.equal(heard.splice(0), ['ask 2']);
      busy = true;
      const waits = ask(head(REQUEST_HEADER_SIZE));
      await waits.told(AnswerKind.WAIT);
      waits.socket.destroy();
      assert.equal(heard, [], 'it is at work');
    },
    { compiler },
  );
});

test('what is compiled while its files are found changed is left to whoever asked, and it ends; for an engine of another version, too', async () => {
  for (const isOurs of [true, false]) {
    const takers: Take[] = [];
    let ended = 0;
    const compiler = compilerOf(take => takers.push(take));
    const files = { unchanged: () => false, isOurs: () => isOurs };
    await serving(
      async () => {
        assert.is(await ask(head(REQUEST_HEADER_SIZE)).told(AnswerKind.COLD), 'its files have changed');
        assert.is(takers.length, isOurs ? 1 : 0);
        takers[0]?.(answer);
      },
      { compiler, files, end: () => ended++ },
    );
    assert.is(ended, 1);
  }
});

test('an engine of another version does not end a service that has not changed', async () => {
  let ended = 0;
  const files = { unchanged: () => true, isOurs: () => false };
  await serving(
    async () =>
      assert.is(await ask(head(REQUEST_HEADER_SIZE)).told(AnswerKind.COLD), 'it is another version'),
    { files, end: () => ended++ },
  );
  assert.is(ended, 0);
});

test('behind one that takes long nobody waits long, and that one goes on', async () => {
  const takers: Take[] = [];
  const compiler = compilerOf(take => takers.push(take));
  await serving(
    async () => {
      const slow = ask(head(REQUEST_HEADER_SIZE));
      await slow.told(AnswerKind.WAIT);
      const others = Array.from({ length: 10 }, () => ask(head(REQUEST_HEADER_SIZE)));
      for (const one of others) assert.is(await one.told(AnswerKind.COLD), 'others take too long');
      assert.is(takers.length, 1);
      takers[0]?.(answer);
      assert.is(await slow.told(AnswerKind.REPORT), 'done');
    },
    { compiler, patience: { ...forEver, slow: 100 } },
  );
});

test('behind many that do not take long one waits longer, but not for ever', async () => {
  const wait: { next?: () => void } = {};
  const compiler = compilerOf(take => {
    setTimeout(() => {
      take(answer);
      wait.next?.();
    }, 20);
  });
  for (const [most, all] of [
    [Number.POSITIVE_INFINITY, true],
    [200, false],
  ] as const)
    await serving(
      async service => {
        wait.next = () => service.next();
        const asking = Array.from({ length: 25 }, () => ask(head(REQUEST_HEADER_SIZE)));
        const told = await Promise.all(asking.map(one => one.told(AnswerKind.REPORT)));
        const cold = await Promise.all(asking.map(one => one.told(AnswerKind.COLD)));
        const left = cold.filter(one => one === 'others take too long').length;
        assert.is(told.filter(one => one === 'done').length + left, 25);
        assert.is(left === 0, all, String(left));
      },
      { compiler, patience: { ...forEver, slow: 100, most, pace: 1000 } },
    );
});

test('nobody waits for a compiler that warms up', async () => {
  let isWarm = true;
  await serving(
    async () => {
      const one = ask(head(REQUEST_HEADER_SIZE));
      await one.told(AnswerKind.WAIT);
      isWarm = false;
      assert.is(await one.told(AnswerKind.COLD), 'it is not warm yet');
    },
    { compiler: { ...atWork, warm: () => isWarm } },
  );
});

test('what went away takes its bytes with it', () =>
  serving(async () => {
    const all = (): number => process.memoryUsage().arrayBuffers >> 20;
    gc();
    // Other tests run in this process, too.
    const before = all();
    const mebibytes = (): number => all() - before;
    const large = Buffer.concat([head(SERVICE_REQUEST_LIMIT), Buffer.alloc(SERVICE_REQUEST_LIMIT)]);
    const request = large.subarray(0, SERVICE_REQUEST_LIMIT);
    for (let i = 0; i < 100; i++) {
      const one = ask(request);
      await one.told(AnswerKind.WAIT);
      one.socket.destroy();
    }
    const last = ask(head(REQUEST_HEADER_SIZE));
    await last.told(AnswerKind.WAIT);
    // That a connection has gone is heard of some turns later.
    for (let turns = 0; mebibytes() >= 60 && turns < 1000; turns++) {
      gc();
      await new Promise(setImmediate);
    }
    last.socket.destroy();
    assert.ok(mebibytes() < 60, `${mebibytes()} MiB`);
  }));

test('no more are connected at once than it has descriptors for', () =>
  serving(
    async () => {
      const first = [ask(head(REQUEST_HEADER_SIZE)), ask(head(REQUEST_HEADER_SIZE))];
      for (const one of first) await one.told(AnswerKind.WAIT);
      assert.is(await ask(head(REQUEST_HEADER_SIZE)).told(AnswerKind.WAIT), 'nothing');
      first[0]?.socket.destroy();
      let last: Asking;
      do last = ask(head(REQUEST_HEADER_SIZE));
      while ((await last.told(AnswerKind.WAIT)) === 'nothing');
      for (const one of [...first, last]) one.socket.destroy();
    },
    { connections: 2 },
  ));

test('whoever goes on talking after the answer is not listened to for ever', () =>
  serving(
    async () => {
      const socket = connect({ path, allowHalfOpen: true }).on('error', () => undefined);
      socket.write(head(REQUEST_HEADER_SIZE - 1));
      socket.on('data', () => undefined);
      const timer = setInterval(() => socket.write('x'), 20);
      await new Promise(resolve => socket.on('close', resolve));
      clearInterval(timer);
    },
    { patience: { ...forEver, exchange: 200 } },
  ));

const MIB = 1024 * 1024;

/** What the service does about this much memory, which `tidied` and `replaced` leave, while a request is compiled and after its answer. */
async function withMemory(first: number, tidied: number, replaced: number): Promise<readonly string[]> {
  const acts: string[] = [];
  let mebibytes = 0;
  let isWarm = true;
  let taker: Take | null = null;
  let tidy: (() => void) | null = null;
  const settle = (bytes: Uint8Array | null): void => {
    const take = taker;
    taker = null;
    take?.(bytes);
  };
  const compiler: Compiler = {
    ...atWork,
    idle: () => isWarm && taker === null,
    warm: () => isWarm,
    ask: (_bytes, _connection, take) => {
      taker = take;
    },
    tidy: done => {
      tidy = done;
    },
    replace: () => {
      acts.push('replaced');
      isWarm = false;
      settle(null);
    },
    end: async () => undefined,
  };
  const memory = (): number => mebibytes * MIB;
  const lost = (why: string): number => acts.push(why);
  await serving(
    async service => {
      const one = ask(head(REQUEST_HEADER_SIZE));
      await one.told(AnswerKind.WAIT);
      mebibytes = first;
      // Two more beats: the first may have begun before.
      const many = one.socket.bytesRead;
      while (!one.socket.closed && one.socket.bytesRead < many + 2 * ANSWER_HEADER_SIZE)
        await new Promise(resolve => one.socket.once('data', resolve).once('close', resolve));
      settle(answer);
      acts.push((await one.told(AnswerKind.REPORT)) === 'done' ? 'answered' : 'cold');
      const done = tidy;
      if (done !== null) {
        acts.push('tidied');
        mebibytes = tidied;
        const many = acts.length;
        done();
        // It is given some time.
        assert.is(acts.length, many);
        while (tidied > 128 && isWarm) await new Promise(setImmediate);
      }
      mebibytes = replaced;
      isWarm = true;
      service.next();
    },
    { compiler, memory, lost },
  );
  return acts;
}

test('a thread that has taken much is to free it; one that keeps it, or takes more, is replaced; and where that is no help it ends', async () => {
  assert.equal(await withMemory(100, 0, 0), ['answered']);
  assert.equal(await withMemory(200, 100, 100), ['answered', 'tidied']);
  assert.equal(await withMemory(200, 150, 100), ['answered', 'tidied', 'replaced']);
  assert.equal(await withMemory(400, 50, 50), ['replaced', 'cold', 'tidied']);
  assert.equal(await withMemory(400, 400, 400), [
    'replaced',
    'cold',
    'tidied',
    'its memory grows without end',
  ]);
});

test('what others have sent is not the memory of its thread', async () => {
  const compiler = { ...atWork, replace: () => assert.unreachable() };
  let mebibytes = 0;
  await serving(
    async () => {
      const all = Array.from({ length: 60 }, () => ask(Buffer.concat([head(MIB), Buffer.alloc(MIB)])));
      for (const one of all) await one.told(AnswerKind.WAIT);
      mebibytes = 370;
      const [{ socket }] = all as [Asking];
      const many = socket.bytesRead;
      while (socket.bytesRead < many + 2 * ANSWER_HEADER_SIZE)
        await new Promise(resolve => socket.once('data', resolve));
      mebibytes = 0;
      for (const one of all) one.socket.destroy();
    },
    { compiler, memory: () => mebibytes * MIB },
  );
});

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

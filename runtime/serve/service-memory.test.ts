/** What is done about memory: of requests that have gone, and of the thread that compiles. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANSWER_HEADER_SIZE,
  AnswerKind,
  REQUEST_HEADER_SIZE,
  SERVICE_REQUEST_LIMIT,
} from '../../spec/wire.js';
import type { Compiler } from './compiler.js';
import {
  type Asking,
  answer,
  ask,
  atWork,
  compilerOf,
  head,
  nothing,
  removePlace,
  serving,
  type Take,
} from './test/asking.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

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

const MIB = 1024 * 1024;

/** Two more, unless it is over: the first may have begun before. */
async function beats({ socket }: Asking): Promise<void> {
  const many = socket.bytesRead;
  while (!socket.closed && socket.bytesRead < many + 2 * ANSWER_HEADER_SIZE)
    await new Promise(resolve => socket.once('data', resolve).once('close', resolve));
}

/** What the service does about this much memory, which `tidied` and `replaced` leave, while a request is compiled and after its answer. */
async function withMemory(first: number, tidied: number, replaced: number): Promise<readonly string[]> {
  const acts: string[] = [];
  let mebibytes = 0;
  let isWarm = true;
  let taker: Take | null = null;
  let tidy: (() => void) | null = null;
  let ended = nothing;
  let leaving = 0;
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
      leaving = 1;
      settle(null);
      return new Promise(resolve => {
        ended = () => {
          leaving = 0;
          resolve();
        };
      });
    },
    leaving: () => leaving,
    end: async () => undefined,
  };
  const memory = (): number => mebibytes * MIB;
  const lost = (why: string): void => {
    acts.push(why);
    mebibytes = 0;
  };
  await serving(
    async () => {
      const one = ask(head(REQUEST_HEADER_SIZE));
      await one.told(AnswerKind.WAIT);
      mebibytes = first;
      await beats(one);
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
      if (isWarm) return;
      // The new one has taken its place; the memory of the old one is there until that has ended.
      mebibytes = first;
      isWarm = true;
      const two = ask(head(REQUEST_HEADER_SIZE));
      await two.told(AnswerKind.WAIT);
      await beats(two);
      mebibytes = replaced;
      ended();
      await new Promise(setImmediate);
      two.socket.destroy();
    },
    { compiler, memory, lost },
  );
  return acts;
}

test('a thread that has taken much is to free it; one that keeps it, or takes more, is replaced; and where that is no help it ends', async () => {
  assert.equal(await withMemory(100, 0, 0), ['answered']);
  assert.equal(await withMemory(200, 100, 100), ['answered', 'tidied']);
  assert.equal(await withMemory(200, 150, 100), ['answered', 'tidied', 'replaced']);
  // What the old one has taken goes by itself.
  assert.equal(await withMemory(400, 50, 50), ['replaced', 'cold']);
  assert.equal(await withMemory(400, 400, 400), ['replaced', 'cold', 'its memory grows without end']);
});

/** A thread at work for ever, which is replaced by another that is not warm. */
function replacing(): {
  readonly compiler: Compiler;
  readonly state: { isWarm: boolean };
  readonly ended: () => void;
  readonly replaced: Promise<void>;
} {
  const state = { isWarm: true };
  let [tell, ended] = [nothing, nothing];
  const hasEnded = new Promise<void>(resolve => {
    ended = resolve;
  });
  const replaced = new Promise<void>(resolve => {
    tell = resolve;
  });
  const compiler: Compiler = {
    ...compilerOf(nothing),
    warm: () => state.isWarm,
    replace: () => {
      state.isWarm = false;
      tell();
      return hasEnded;
    },
  };
  return { compiler, state, replaced, ended };
}

test('it is looked at, too, while one is compiled whose caller has gone', async () => {
  let mebibytes = 0;
  const { compiler, replaced } = replacing();
  await serving(
    async () => {
      const one = ask(head(REQUEST_HEADER_SIZE));
      await one.told(AnswerKind.WAIT);
      one.socket.destroy();
      await new Promise(resolve => one.socket.once('close', resolve));
      // That it has gone is heard of some turns later.
      for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
      mebibytes = 400;
      const late = new Promise((_, reject) => {
        setTimeout(reject, 10_000, new Error('it is not replaced')).unref();
      });
      await Promise.race([replaced, late]);
    },
    { compiler, memory: () => mebibytes * MIB },
  );
});

test('whether another thread is a help is looked at when it is warm', async () => {
  let mebibytes = 400;
  const { compiler, state, replaced, ended } = replacing();
  const why: string[] = [];
  await serving(
    async service => {
      const one = ask(head(REQUEST_HEADER_SIZE));
      await replaced;
      mebibytes = 250;
      ended();
      await new Promise(setImmediate);
      mebibytes = 350;
      state.isWarm = true;
      service.next();
      assert.equal(why, ['its memory grows without end']);
      one.socket.destroy();
    },
    { compiler, memory: () => mebibytes * MIB, lost: reason => why.push(reason) },
  );
});

test('a thread that was replaced and hangs may keep what one may have, and the next one no more than that', async () => {
  let mebibytes = 0;
  const { compiler, replaced } = replacing();
  let isReplaced = false;
  void replaced.then(() => {
    isReplaced = true;
  });
  await serving(
    async () => {
      const one = ask(head(REQUEST_HEADER_SIZE));
      await one.told(AnswerKind.WAIT);
      mebibytes = 600;
      await beats(one);
      assert.not(isReplaced);
      mebibytes = 700;
      await beats(one);
      assert.ok(isReplaced);
      one.socket.destroy();
    },
    { compiler: { ...compiler, leaving: () => 1 }, memory: () => mebibytes * MIB },
  );
});

test('what others have sent is not the memory of its thread', async () => {
  const compiler = { ...atWork, replace: async () => assert.unreachable() };
  let mebibytes = 0;
  await serving(
    async () => {
      const all = Array.from({ length: 60 }, () => ask(Buffer.concat([head(MIB), Buffer.alloc(MIB)])));
      for (const one of all) await one.told(AnswerKind.WAIT);
      mebibytes = 370;
      const [first] = all as [Asking];
      await beats(first);
      mebibytes = 0;
      for (const one of all) one.socket.destroy();
    },
    { compiler, memory: () => mebibytes * MIB },
  );
});

test.after(removePlace);
test.run();

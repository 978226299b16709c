/** Who waits for a compiler that is at work. */
import { connect } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AnswerKind, REQUEST_HEADER_SIZE, SERVICE_REQUEST_LIMIT } from '../../spec/wire.js';
import type { Compiler } from './compiler.js';
import {
  type Asking,
  answer,
  ask,
  atWork,
  compilerOf,
  forEver,
  head,
  nothing,
  path,
  removePlace,
  serving,
  type Take,
} from './test/asking.js';

test('what is left by those who connect and ask nothing is looked at, too', async () => {
  let looked = 0;
  const memory = (): number => {
    looked++;
    return 0;
  };
  await serving(
    async () => {
      for (let i = 0; i < 1024; i++)
        await new Promise(resolve => connect(path).on('close', resolve).resume().end());
    },
    { memory },
  );
  assert.is(looked, 1);
});

test('it ends when nobody has been answered for so long, however many connect', async () => {
  let over = false;
  const end = (): void => {
    over = true;
  };
  await serving(
    async () => {
      for (const late = performance.now() + 60_000; !over && performance.now() < late; )
        await new Promise(resolve => ask(Buffer.alloc(1000, 'x')).socket.on('close', resolve).resume());
    },
    { idle: 100, end },
  );
  assert.ok(over);
});

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

test.after(removePlace);
test.run();

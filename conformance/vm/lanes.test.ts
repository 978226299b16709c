import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inLanes, type Job } from './lanes.js';

/** Jobs that note when they begin, and how many there are then; each ends when it is told to. */
function noted() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const job = (name: string, seconds: number, alone = false): Job => ({
    seconds,
    alone,
    run: () => {
      begun.push(name);
      return new Promise(done => ends.set(name, done));
    },
  });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise(done => setImmediate(done));
  };
  return { begun, job, end };
}

test('the longest begin first, two at a time', async () => {
  const { begun, job, end } = noted();
  const all = inLanes([job('short', 1), job('longest', 9), job('long', 5)]);
  assert.equal(begun, ['longest', 'long']);
  await end('long');
  assert.equal(begun, ['longest', 'long', 'short']);
  await end('longest');
  await end('short');
  await all;
});

test('what wants the host to itself begins when nothing else runs', async () => {
  const { begun, job, end } = noted();
  const all = inLanes([job('alone', 9, true), job('alone too', 1, true), job('one', 1), job('two', 1)]);
  assert.equal(begun, ['one', 'two']);
  await end('one');
  assert.equal(begun, ['one', 'two']);
  await end('two');
  assert.equal(begun, ['one', 'two', 'alone']);
  await end('alone');
  assert.equal(begun, ['one', 'two', 'alone', 'alone too']);
  await end('alone too');
  await all;
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Looking, lookBy } from './look.js';

const sh = (script: string, more: Partial<Looking> = {}): Looking => ({
  program: '/bin/sh',
  args: ['-c', script],
  env: {},
  fresh: 1000,
  deadline: 5000,
  most: 1000,
  ...more,
});

test('one look serves all who ask meanwhile, and those of the next second', async () => {
  let now = 0;
  const look = lookBy<number>(sh('echo $$'), () => now);
  const values = (await Promise.all(Array.from({ length: 50 }, look))).map(({ value }) => value);
  assert.is(new Set(values).size, 1);
  now = 999;
  assert.is((await look()).value, values[0]);
  now = 1000;
  assert.is.not((await look()).value, values[0]);
});

test('an exit code is no failure; what is no JSON, nothing, or too much is, and the last value stays', async () => {
  const why = async (script: string) => (await lookBy(sh(script))()).why;
  assert.is((await lookBy(sh('echo 1; exit 1'))()).value, 1);
  assert.match((await why('echo x')) ?? '', /JSON/);
  assert.is(await why('echo "no registry" >&2; exit 1'), 'no registry');
  assert.is(await why('kill -9 $$'), 'it was ended by SIGKILL');
  assert.match((await why('yes')) ?? '', /more than 1000 bytes/);
  assert.match((await lookBy(sh('', { program: '/nonexistent' }))()).why ?? '', /ENOENT/);
});

test('what hangs is ended, and not followed by another before it is gone', async () => {
  let now = 0;
  // Its own child keeps the pipes; it does not outlive the test.
  const look = lookBy<number>(sh('echo 1; exec sleep 60', { deadline: 100 }), () => now);
  assert.is((await look()).why, 'it came to no end within 0.1 s');
  now = 5000;
  assert.match((await look()).why ?? '', /no end|still waits/);
});

test.run();

/** What becomes of a generation that somebody holds, and of its number. Goes on from where cases.ts ends: `one` and `two` are prepared. */
import * as assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { caseList, good } from './case.js';
import { bundle, chos, chosLater, current, home, hostMounts, pins, shell, sleeping } from './machine.js';

const { cases, test } = caseList();

test('release refuses while somebody holds it, and names him', () => {
  const [shared, copied] = [sleeping({ tree: 'one' }), sleeping({ tree: 'one', own: true })];
  const ran = chos('tree', 'release', 'one');
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, new RegExp(`still held by .*container ${shared} \\(process`));
  assert.match(ran.stderr, new RegExp(`container ${copied} \\(process`));
  assert.match(good(chos('tree', 'show', 'one')), new RegExp(`holder +one@\\d+: container ${copied}`));
  good(shell({ tree: 'one' }, 'true'));
  for (const id of [shared, copied]) good(chos('delete', '--force', id));
});

test('release --drain lets nobody in any more and waits for the holders', async () => {
  const id = sleeping({ tree: 'one' });
  const name = current('one');
  const release = chosLater('tree', 'release', 'one', '--drain');
  while (existsSync(`${pins}/${name}.json`)) await new Promise(resolve => setImmediate(resolve));
  const directory = bundle({ tree: 'one', args: ['true'] });
  assert.match(good(chos('explain', directory)), /back end private: it is being released/);
  assert.equal(good(chos('exec', id, 'cat', `${home}/hello`)), 'hello\n');
  good(chos('delete', '--force', id));
  const { code, text } = await release.ended;
  assert.equal(code, 0, text);
  assert.match(text, new RegExp(`${name}: nobody gets in any more; waiting for container ${id} `));
  assert.match(text, new RegExp(`${name} released`));
  assert.ok(!existsSync(`${pins}/${name}`));
});

test('release --drain that is interrupted lets launches in again', async () => {
  good(chos('tree', 'prepare', 'one'));
  const id = sleeping({ tree: 'one' });
  const name = current('one');
  const release = chosLater('tree', 'release', 'one', '--drain');
  await release.said(/waiting for/);
  assert.ok(!existsSync(`${pins}/${name}.json`));
  process.kill(release.pid, 'SIGTERM');
  const { code, text } = await release.ended;
  assert.equal(code, 1);
  assert.match(text, /interrupted by SIGTERM/);
  assert.equal(current('one'), name);
  assert.match(good(chos('explain', bundle({ tree: 'one', args: ['true'] }))), /back end pinned/);
  good(chos('delete', '--force', id));
  good(chos('tree', 'release', 'one'));
});

test('drain with a deadline gives up then, and lets launches in again', () => {
  good(chos('tree', 'prepare', 'one'));
  const id = sleeping({ tree: 'one' });
  const name = current('one');
  const { status, stderr } = chos('tree', 'drain', 'one', '--deadline', '300ms');
  assert.equal(status, 1);
  assert.match(stderr, /waiting for container[\s\S]*wait for process \d+: Connection timed out/);
  assert.equal(current('one'), name);
  assert.match(good(chos('explain', bundle({ tree: 'one', args: ['true'] }))), /back end pinned/);
  assert.match(chos('tree', 'drain', 'one', '--deadline', 'x').stderr, /takes a duration/);
  assert.match(chos('tree', 'release', 'one', '--deadline', '1s').stderr, /takes a command that waits/);
  good(chos('delete', '--force', id));
  assert.match(good(chos('tree', 'drain', 'one', '--deadline', '5s')), /released/);
});

test('release --force drops it at once; who is inside keeps what he sees', () => {
  good(chos('tree', 'prepare', 'one'));
  const id = sleeping({ tree: 'one' });
  assert.match(good(chos('tree', 'release', 'one', '--force')), /released; still seen by .*container/);
  assert.equal(good(chos('exec', id, 'cat', `${home}/hello`)), 'hello\n');
  good(chos('delete', '--force', id));
  assert.match(chos('tree', 'release', 'one').stderr, /not prepared; nothing to release/);
});

test('the last release takes the tmpfs of the pins away; prepare mounts it anew', () => {
  good(chos('tree', 'release', 'two'));
  assert.ok(!existsSync(pins), pins);
  assert.deepEqual(
    hostMounts().filter(line => line.includes(pins)),
    [],
  );
  good(chos('tree', 'prepare', 'two'));
});

test('numbers do not come back, whatever was released or killed', () => {
  const numbers = [1, 2, 3].map(() => {
    good(chos('tree', 'prepare', 'two'));
    const name = current('two');
    good(chos('tree', 'release', 'two'));
    return Number(name.split('@')[1]);
  });
  assert.equal(new Set(numbers).size, 3);
  assert.deepEqual(
    [...numbers].sort((a, b) => a - b),
    numbers,
  );
  // What a killed prepare left behind is cleared away, and its number stays unused.
  const next = (numbers[2] ?? 0) + 1;
  mkdirSync(pins, { recursive: true });
  good(chos('tree', 'prepare', 'one'));
  writeFileSync(`${pins}/two@${next}`, '');
  writeFileSync(`${pins}.numbers/two@${next}`, '');
  good(chos('tree', 'prepare', 'two'));
  assert.equal(current('two'), `two@${next + 1}`);
  assert.ok(!existsSync(`${pins}/two@${next}`));
  good(chos('tree', 'release', 'one'));
});

export { cases as heldCases };

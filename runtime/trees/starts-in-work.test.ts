import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { entryPrograms } from './starts-in-work.js';

const scratch = mkdtempSync(join(tmpdir(), 'chos-starts-'));
test.after(() => rmSync(scratch, { recursive: true }));

/** As `chos` holds it. */
async function holder(name: string): Promise<ChildProcess> {
  writeFileSync(join(scratch, name), name);
  const child = spawn('flock', ['-s', join(scratch, name), 'sh', '-c', 'echo in; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise(resolve => child.stdout.once('data', resolve));
  return child;
}

test('whoever holds an entry program is waited for, also when another stands in its place; no other is', async () => {
  const [a, b] = [await holder('a'), await holder('b')];
  const one = entryPrograms(scratch, 'a', 60_000);
  rmSync(join(scratch, 'a'));
  let unused = false;
  const waited = one.untilUnused().then(() => {
    unused = true;
  });
  const none = entryPrograms(scratch, 'none', 60_000);
  assert.equal(await none.untilUnused(), []);
  assert.not.ok(unused);
  a.stdin?.end();
  await waited;
  one.close();
  const all = entryPrograms(scratch, null, 20);
  const began = performance.now();
  assert.equal(await all.untilUnused(), [`process ${b.pid} (flock)`], 'who is waited for in vain is told');
  assert.ok(performance.now() - began >= 20, 'one that stays is waited for, with an end');
  all.close();
  b.stdin?.end();
});

test('a directory that is not there holds nothing; of one that cannot be read nobody knows', () => {
  entryPrograms(join(scratch, 'missing'), null).close();
  writeFileSync(join(scratch, 'file'), '');
  assert.throws(() => entryPrograms(join(scratch, 'file'), null), /ENOTDIR/);
});

test.run();

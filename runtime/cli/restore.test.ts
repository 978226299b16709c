import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { STREAMS_FILE } from '../../spec/criu.js';
import { distrusted, streamsOf } from './restore.js';

/** Not in /tmp, whose owner need not be trusted where the tests run. */
const directory = mkdtempSync(join(process.cwd(), 'build', 'restore-test-'));
test.after(() => rmSync(directory, { recursive: true }));

function images(name: string, parent: string): string {
  const path = join(directory, name);
  mkdirSync(path, { mode: 0o700 });
  writeFileSync(join(path, 'inventory.img'), '', { mode: 0o600 });
  symlinkSync(parent, join(path, 'parent'));
  return path;
}

test('images that are before themselves are no chain', () => {
  images('first', '../second');
  for (const path of [images('alone', '.'), images('second', '../first')]) {
    const result = distrusted(path, process.geteuid?.() ?? 0);
    assert.is(result.kind, 'failure');
    assert.ok(JSON.stringify(result).includes('ELOOP'), JSON.stringify(result));
  }
});

test('what the streams led to is read of a regular file, and nobody is waited for', () => {
  const file = join(directory, STREAMS_FILE);
  writeFileSync(file, '["/dev/null", "pipe:[1]", "x", "y"]');
  assert.equal(streamsOf(directory), ['/dev/null', 'pipe:[1]', 'x']);
  rmSync(file);
  execFileSync('mkfifo', [file]);
  assert.equal(streamsOf(directory), []);
});

test.run();

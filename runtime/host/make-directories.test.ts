import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDirectories } from './make-directories.js';

test('what is missing on the way is made, for the owner alone', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chos-directories-'));
  const path = join(directory, 'a/b/c');
  try {
    for (let i = 0; i < 2; i++) makeDirectories(path);
    for (const one of [path, join(directory, 'a')]) assert.is(statSync(one).mode & 0o7777, 0o700);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('where nothing can be made it says so', () => {
  for (const [path, words] of [
    ['/proc/chos', /^ENOENT/],
    ['/proc/chos/a/b', /^ENOENT/],
    ['/dev/null/a', /^ENOTDIR/],
  ] as const)
    assert.throws(() => makeDirectories(path), words);
});

test.run();

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
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

test('somebody else may make them at the same time', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'chos-directories-'));
  const other = `for (let i = 0; i < 10_000; i++) require('node:fs').mkdirSync(process.argv[1] + '/' + i + '/b', { recursive: true })`;
  const child = spawn(process.execPath, ['-e', other, directory], { stdio: 'ignore' });
  const ended = new Promise(resolve => child.on('close', resolve));
  try {
    // From when it is at it, and in the same order: who is behind finds what is there and catches up, so that they meet at most of them.
    while (child.exitCode === null && !existsSync(join(directory, '0'))) await new Promise(setImmediate);
    for (let i = 0; i < 10_000; i++) makeDirectories(join(directory, `${i}/b`));
    assert.is(await ended, 0);
  } finally {
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true });
  }
});

test('where nothing can be made it says so', () => {
  for (const [path, words] of [
    ['/proc/chos', /^ENOENT/],
    ['/proc/chos/a/b', /^ENOENT/],
    ['/dev/null/a', /^ENOTDIR/],
    ['/dev/null', /^EEXIST/],
  ] as const)
    assert.throws(() => makeDirectories(path), words);
});

test.run();

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mustReadFor, thisProcess } from './caller.js';
import { readProc } from './read-proc.js';

const scratch = mkdtempSync(join(tmpdir(), 'chos-proc-'));
test.after(() => rmSync(scratch, { recursive: true }));

test('names in it are UTF-8, as the kernel writes them, wherever a read ends', () => {
  const file = join(scratch, 'mountinfo');
  for (const text of ['/scratch/Büro', `${'x'.repeat(8191)}ü`, 'ü'.repeat(8192), '']) {
    writeFileSync(file, text);
    assert.is(readProc(file), text);
  }
});

test('of what is always there nothing is no answer', () => {
  const read = mustReadFor(thisProcess());
  assert.match(read('/proc/self/mountinfo'), / \/proc /);
  assert.throws(() => read(join(scratch, 'none')), /ENOENT/);
  assert.throws(() => read(scratch), /EISDIR/);
});

test.run();

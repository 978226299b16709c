import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { entriesOf } from './entries.js';
import { bytesOf } from './inside.js';

test('what is in a directory has its kind, whatever the bytes of its name', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chos-entries-'));
  try {
    mkdirSync(join(directory, 'below'));
    symlinkSync('below', join(directory, 'link'));
    spawnSync('mkfifo', [join(directory, 'queue')]);
    for (const name of ['\xff', '\xc3\xa9', '\xc3\xa9\xfe'])
      writeFileSync(bytesOf(`${directory}/${name}`), '');
    const kinds = entriesOf(directory).map(({ name, kind }) => [
      name,
      kind.isDirectory() ? 'directory' : kind.isFile() ? 'file' : 'other',
    ]);
    assert.equal(Object.fromEntries(kinds), {
      below: 'directory',
      link: 'other',
      queue: 'other',
      '\xff': 'file',
      '\xc3\xa9': 'file',
      '\xc3\xa9\xfe': 'file',
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.run();

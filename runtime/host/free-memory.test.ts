import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { forgetFilePages, unwrittenMappings } from './free-memory.js';

const entry = (head: string, anonymous: number): string =>
  `${head}\nSize:               1280 kB\nRss:                1280 kB\nAnonymous:            ${anonymous} kB\nVmFlags: rd ex mr mw me sd \n`;

test('of a program only what is as in its file is forgotten', () => {
  const smaps = [
    entry('00400000-00540000 r-xp 00000000 fe:00 42                   /usr/bin/node', 0),
    entry('00540000-00680000 r--p 00140000 fe:00 42                   /usr/bin/node', 0),
    // Relocated.
    entry('00680000-007c0000 r--p 00280000 fe:00 42                   /usr/bin/node', 12),
    entry('007c0000-00900000 rw-p 003c0000 fe:00 42                   /usr/bin/node', 0),
    entry('7f0000000000-7f0000140000 r-xp 00000000 00:00 0 ', 0),
    entry('7f0000200000-7f0000340000 r-xs 00000000 fe:00 43                   /shared', 0),
    entry('7ffc00000000-7ffc00140000 r-xp 00000000 00:00 0                    [vdso]', 0),
    entry('7ffd00000000-7ffd00140000 r--p 00000000 fe:00 44                   /a file (deleted)', 0),
  ].join('');
  assert.equal(unwrittenMappings(smaps, '/usr/bin/node'), [
    [0x400000n, 0x540000n],
    [0x540000n, 0x680000n],
  ]);
  assert.equal(unwrittenMappings(smaps, '/a file (deleted)'), [[0x7ffd00000000n, 0x7ffd00140000n]]);
});

test('this process needs less of its files afterwards, and goes on', () => {
  const ofFiles = (): number =>
    Number(/^RssFile:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);
  const before = ofFiles();
  forgetFilePages();
  assert.ok(ofFiles() < before / 2, `${before} KiB before, ${ofFiles()} after`);
  assert.is(JSON.parse('[1, 2]').length, 2);
});

test.run();

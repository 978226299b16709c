import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SECTIONS } from './image.js';
import { instructions } from './instructions.js';

const page = readFileSync('docs/launch-program.md', 'utf8');

test('docs/launch-program.md: every instruction with its number, and no other', () => {
  const rows = [...page.matchAll(/^\| `([A-Z]+)` \| (\d+) \|/gm)].map(([, name, op]) => [name, Number(op)]);
  assert.equal(
    rows,
    Object.entries(instructions).map(([name, { op }]) => [name, op]),
  );
});

test('docs/launch-program.md: every section of an image, in order', () => {
  const table = page.slice(page.indexOf('## The image'), page.indexOf('## Who compiles'));
  assert.equal(
    [...table.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, name]) => name),
    [...SECTIONS],
  );
});

test.run();

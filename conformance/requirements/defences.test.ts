import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defences } from './defences.js';
import { flaws } from './flaws.js';

test('every edit that takes a defence out finds its place, once', () => {
  for (const { flaw, edits, where } of defences) {
    assert.match(readFileSync(edits[0].file, 'utf8'), where);
    for (const { file, from } of edits)
      assert.is(readFileSync(file, 'utf8').split(from).length - 1, 1, `${flaw}: ${file}: ${from}`);
  }
});

test('every flaw has a defence, which fails a case of its own', () => {
  for (const { names, cases } of flaws) {
    const own = defences.filter(({ flaw }) => flaw === names);
    assert.ok(own.length > 0, names);
    for (const { fails } of own) assert.ok(cases.includes(fails), `${names}: ${fails}`);
  }
  const known = flaws.map(({ names }) => names);
  for (const { flaw } of defences) assert.ok(known.includes(flaw), flaw);
});

test.run();

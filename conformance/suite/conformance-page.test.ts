import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defences } from '../requirements/defences.js';
import { flaws } from '../requirements/flaws.js';
import { requirements } from '../requirements/requirements.js';
import { cases as inMachine } from '../vm/cases/index.js';
import { cases } from './case.js';
import './cases/index.js';
import { conformancePage } from './conformance-page.js';
import { readRecord } from './record.js';

const known = new Set([...cases(), ...inMachine].map(({ name }) => name));

test('every requirement has a case, and every case that it names is there', () => {
  for (const { page, section, words, cases: named } of requirements) {
    assert.ok(named.length > 0, `${page}.md, ${section}: ${words}`);
    assert.equal(
      named.filter(name => !known.has(name)),
      [],
      `${page}.md, ${section}: ${words}`,
    );
  }
});

test('what was not recorded says so', () => {
  const rows = [
    { page: 'runtime', section: 'Kill', level: 'MUST', words: 'ends it', cases: ['a/b'] },
  ] as const;
  const run = { runtime: 'runc', version: '1.1.5', caller: 'root', kernel: '6', day: '2026-01-01' } as const;
  assert.match(
    conformancePage(rows, [], [], [{ ...run, seen: { 'a/b': '+' } }]),
    '| MUST | ends it | Y ? ? |',
  );
});

test('every flaw has cases that are there', () => {
  for (const { names, cases: named } of flaws)
    assert.equal([named.length > 0, named.filter(name => !known.has(name))], [true, []], names);
});

test('no requirement stands twice', () => {
  const keys = requirements.map(({ page, section, words }) => `${page} ${section} ${words}`);
  assert.is(new Set(keys).size, keys.length);
});

test('the page is what the table and the record make of it', () => {
  const made = conformancePage(requirements, flaws, defences, readRecord('conformance/suite/record.json'));
  assert.ok(made === readFileSync('docs/conformance.md', 'utf8'), 'run `make docs/conformance.md`');
});

test('a mark for each caller, and the reason below', () => {
  const page = conformancePage(
    [{ page: 'runtime', section: 'Kill', level: 'MUST', words: 'ends it', cases: ['a/b', 'a/c'] }],
    [],
    [],
    [
      ['root', { 'a/b': '+', 'a/c': '+' }],
      ['user', { 'a/b': '+', 'a/c': 'it goes on' }],
      ['userns', { 'a/b': '~ no group', 'a/c': '~ no group' }],
    ].map(([caller, seen]) => ({
      runtime: 'runc',
      version: '1.1.5',
      caller: caller as 'root',
      kernel: '6',
      day: '2026-01-01',
      seen: seen as Record<string, string>,
    })),
  );
  assert.match(page, '| MUST | ends it | Y N - | `a/b` `a/c` |');
  assert.match(page, '- runc 1.1.5: it goes on (`a/c`)');
  assert.match(page, '| requirements met, of those that were tried | 1/1 0/1 0/0 |');
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatPath, type ValuePath } from './diagnostic.js';
import type { Document } from './document.js';
import { parse } from './parse.js';

function documentOf(text: string): Document {
  const parsed = parse({ file: 'dir/f.json', text });
  if (parsed.kind === 'refused') throw new Error('refused');
  return parsed.document;
}

const text = [
  '{',
  '  "a": [1, {"b.c": "x"}],',
  '\t"d": {',
  '    "é😀": "long", "e": true',
  '  }, "f": [',
  '    1',
  '  ]',
  '}',
].join('\r\n');

const places: readonly (readonly [path: ValuePath, line: number, column: number])[] = [
  [[], 1, 1],
  [['a'], 2, 8],
  [['a', 0], 2, 9],
  [['a', 1], 2, 12],
  [['a', 1, 'b.c'], 2, 20],
  [['d'], 3, 7],
  [['d', 'é😀'], 4, 11],
  [['d', 'e'], 4, 24],
  [['f'], 5, 11],
  [['f', 0], 6, 5],
  // Of what is not there, what is around it.
  [['g'], 1, 1],
  [['a', 2], 2, 8],
  [['a', 'x'], 2, 8],
  [['d', 'x', 'y'], 3, 7],
  [['d', 'e', 'x'], 4, 24],
];

test('the place of a value', () => {
  const document = documentOf(text);
  for (const [path, line, column] of places)
    assert.equal(document.place(path), { line, column }, formatPath(path));
});

test('the place of a value does not depend on the order of questions', () => {
  const document = documentOf(text);
  for (const [path, line, column] of [...places].reverse()) {
    assert.equal(document.place(path), { line, column }, formatPath(path));
  }
});

test('a diagnostic has all of it', () => {
  assert.equal(documentOf(text).diagnose(['a', 1, 'b.c'], { kind: 'empty' }), {
    file: 'dir/f.json',
    line: 2,
    column: 20,
    length: 3,
    path: 'a[1]["b.c"]',
    what: { kind: 'empty' },
    found: '"x"',
    sourceLine: '  "a": [1, {"b.c": "x"}],',
  });
});

test('a diagnostic covers the first line of a value, and quotes it on one', () => {
  const diagnostic = documentOf(text).diagnose(['f'], { kind: 'empty' });
  assert.equal([diagnostic.line, diagnostic.sourceLine], [5, '  }, "f": [']);
  assert.is(diagnostic.found, '[ 1 ]');
});

test('a diagnostic about what is missing marks one character and quotes nothing', () => {
  const diagnostic = documentOf(text).diagnose(['d', 'z'], { kind: 'missing' });
  assert.equal(
    [diagnostic.line, diagnostic.column, diagnostic.length, diagnostic.path, diagnostic.found],
    [3, 7, 1, 'd.z', ''],
  );
});

test('what is quoted is cut at 60 characters', () => {
  const { found, length } = documentOf(`["${'😀'.repeat(300)}"]`).diagnose([0], { kind: 'empty' });
  assert.is(found, `"${'😀'.repeat(58)}…`);
  assert.is(length, 302);
});

const paths: readonly (readonly [path: ValuePath, expected: string])[] = [
  [[], ''],
  [['a'], 'a'],
  [['a', 'b', 0, 1, 'c'], 'a.b[0][1].c'],
  [[0, 'a'], '[0].a'],
  [['a', 'net.core'], 'a["net.core"]'],
  [['net.core', 'a'], '["net.core"].a'],
  [['a', '0'], 'a["0"]'],
  [['a', ''], 'a[""]'],
  [['a', 'b"c\n'], 'a["b\\"c\\n"]'],
];

test('paths are written as in JavaScript', () => {
  for (const [path, expected] of paths) assert.is(formatPath(path), expected);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { admit } from '../admit/admit.js';
import type { Diagnostic, Reason } from '../admit/diagnostic.js';
import { oneLine, squiggle } from './diagnostic.js';

function diagnostic(changes: Partial<Diagnostic>): Diagnostic {
  return {
    file: 'config.json',
    line: 12,
    column: 10,
    length: 5,
    path: 'process.cwd',
    what: { kind: 'not-absolute' },
    found: '"tmp"',
    sourceLine: '  "cwd": "tmp",',
    ...changes,
  };
}

/** Sentences that runtime/admit/refused.test.ts does not come by. */
const sentences: readonly (readonly [what: Reason, expected: string])[] = [
  [{ kind: 'not-absolute' }, 'config.json:12:10: process.cwd must be an absolute path, not "tmp"'],
  [
    { kind: 'wrong-form', form: 'other' },
    'config.json:12:10: process.cwd must be of another form, not "tmp"',
  ],
  [
    { kind: 'not-one-of', allowed: ['/tmp'] },
    'config.json:12:10: process.cwd must be "/tmp", not "tmp" (did you mean "/tmp"?)',
  ],
  [{ kind: 'not-one-of', allowed: ['home'] }, 'config.json:12:10: process.cwd must be "home", not "tmp"'],
  [
    { kind: 'unsupported', feature: 'flying', why: 'it would fall' },
    'config.json:12:10: process.cwd: flying not supported yet by chos-runtime (without it it would fall)',
  ],
];

test('one line says where, what and why', () => {
  for (const [what, expected] of sentences) assert.is(oneLine(diagnostic({ what })), expected);
});

test('one line stays one line, whatever a file is called or contains', () => {
  const hostile = 'a\nb\u001b[31m\u0085\u202e\u2028';
  const line = oneLine(diagnostic({ file: hostile, path: `x["${hostile}"]`, found: `"${hostile}"` }));
  assert.is(
    line,
    [
      'a\\u{a}b\\u{1b}[31m\\u{85}\\u{202e}\\u{2028}:12:10: x["a\\u{a}b\\u{1b}[31m\\u{85}\\u{202e}\\u{2028}"]',
      'must be an absolute path, not "a\\u{a}b\\u{1b}[31m\\u{85}\\u{202e}\\u{2028}"',
    ].join(' '),
  );
});

test('one line has no words that make Podman take it for a missing command', () => {
  // Podman sorts errors by such texts: contract A5.
  const podman =
    /permission denied|operation not permitted|executable file not found|no such file|not found/i;
  for (const [what] of sentences) assert.not.match(oneLine(diagnostic({ what })), podman);
});

test('a long path is cut', () => {
  assert.ok(oneLine(diagnostic({ path: 'x'.repeat(100_000) })).length < 250);
});

/** Golden text: source line, column, length, and the two lines that are shown. */
const squiggles: readonly (readonly [
  name: string,
  changes: Partial<Diagnostic>,
  expected: readonly string[],
])[] = [
  ['a value', {}, ['  "cwd": "tmp",', '         ^~~~~']],
  ['one character', { column: 1, length: 1, sourceLine: '{' }, ['{', '^']],
  ['behind the end', { column: 3, length: 1, sourceLine: '{ ' }, ['{ ', '  ^']],
  [
    'tabs before and inside',
    { column: 9, length: 5, sourceLine: '\t"cwd":\t"a\tb"' },
    ['    "cwd":    "a    b"', '              ^~~~~~~~'],
  ],
  ['wide characters', { column: 4, length: 4, sourceLine: '"漢"字漢x"' }, ['"漢"字漢x"', '    ^~~~~~']],
  ['an emoji', { column: 3, length: 1, sourceLine: '"😀!"' }, ['"😀!"', '   ^']],
  ['combining marks', { column: 4, length: 3, sourceLine: 'e\u0301:"x"' }, ['e\u0301:"x"', '  ^~~']],
  ['control characters', { column: 3, length: 1, sourceLine: '"\u001bx"' }, ['"\ufffdx"', '  ^']],
  [
    'a long line, cut on both sides',
    { column: 501, length: 3, sourceLine: `${'a'.repeat(500)}BCD${'e'.repeat(500)}` },
    [`…${'a'.repeat(40)}BCD${'e'.repeat(57)}…`, `${' '.repeat(41)}^~~`],
  ],
  [
    'a long line, fault at its start',
    { column: 2, length: 2, sourceLine: `{BC${'d'.repeat(500)}` },
    [`{BC${'d'.repeat(97)}…`, ' ^~'],
  ],
  [
    'a fault longer than what is shown',
    { column: 3, length: 400, sourceLine: `aa${'b'.repeat(400)}cc` },
    [`aa${'b'.repeat(100)}…`, `  ^${'~'.repeat(99)}`],
  ],
];

test('the source line is shown with the fault marked', () => {
  for (const [name, changes, expected] of squiggles) {
    assert.equal(squiggle(diagnostic(changes)).split('\n'), expected, name);
  }
});

test('without a source line there is nothing to show', () => {
  assert.is(squiggle(diagnostic({ sourceLine: '' })), '');
});

test('a whole report, as a person sees it', () => {
  const text = [
    '{',
    '\t"ociVersion": "1.2.0",',
    '\t"root": { "path": "rootfs", },',
    '\t"process": { "args": ["sh"], "cwd": "tmp" }',
    '}',
  ].join('\n');
  const report = (source: string) => {
    const result = admit({ file: 'config.json', text: source });
    return result.kind === 'refused'
      ? result.diagnostics.map(one => `${oneLine(one)}\n${squiggle(one)}`)
      : [];
  };
  assert.equal(report(text), [
    [
      'config.json:3:30: nothing follows the last ","',
      '    "root": { "path": "rootfs", },',
      '                                ^',
    ].join('\n'),
  ]);
  assert.equal(report(text.replace(', }', ' }')), [
    [
      'config.json:4:38: process.cwd must be an absolute path, not "tmp"',
      '    "process": { "args": ["sh"], "cwd": "tmp" }',
      '                                        ^~~~~',
    ].join('\n'),
  ]);
});

test.run();

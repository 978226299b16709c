import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CONFIG_LIMIT, VALUE_LIMIT } from '../../spec/container-limits.js';
import { oneLine } from '../report/diagnostic.js';
import { parse } from './parse.js';

function refusal(text: string | Uint8Array): readonly string[] {
  const result = parse({ file: 'f', text });
  return result.kind === 'refused' ? result.diagnostics.map(oneLine) : [];
}

function bytes(...parts: readonly (string | readonly number[])[]): Uint8Array {
  return Buffer.concat(parts.map(part => Buffer.from(part as string)));
}

const refusedTexts: readonly (readonly [text: string | Uint8Array, expected: string])[] = [
  // The file as a whole.
  ['', 'f:1:1: the file is empty'],
  [' \n\t\r\n', 'f:1:1: the file is empty'],
  [new Uint8Array(0), 'f:1:1: the file is empty'],
  ['\ufeff{}', 'f:1:1: the file starts with a byte order mark, which JSON does not allow'],
  [
    bytes([0xef, 0xbb, 0xbf], '{}'),
    'f:1:1: the file starts with a byte order mark, which JSON does not allow',
  ],
  [
    '['.repeat(101) + ']'.repeat(101),
    'f:1:101: the file has more than 100 objects and lists inside each other',
  ],
  [`${'{"a":'.repeat(101)}1`, 'f:1:501: the file has more than 100 objects and lists inside each other'],
  // UTF-8, as in Unicode 15 table 3-7.
  [bytes('{"a":\n"', [0xff], '"}'), 'f:2:2: the file is not UTF-8: byte 0xff is out of place'],
  [bytes('"é', [0xc3], '"'), 'f:1:3: the file is not UTF-8: byte 0xc3 is out of place'],
  [bytes('"', [0x80], '"'), 'f:1:2: the file is not UTF-8: byte 0x80 is out of place'],
  [bytes('"', [0xc0, 0x80], '"'), 'f:1:2: the file is not UTF-8: byte 0xc0 is out of place'],
  [bytes('"', [0xe0, 0x9f, 0xbf], '"'), 'f:1:2: the file is not UTF-8: byte 0xe0 is out of place'],
  [bytes('"', [0xed, 0xa0, 0x80], '"'), 'f:1:2: the file is not UTF-8: byte 0xed is out of place'],
  [bytes('"', [0xf0, 0x8f, 0xbf, 0xbf], '"'), 'f:1:2: the file is not UTF-8: byte 0xf0 is out of place'],
  [bytes('"', [0xf4, 0x90, 0x80, 0x80], '"'), 'f:1:2: the file is not UTF-8: byte 0xf4 is out of place'],
  [bytes('"😀', [0xf0, 0x9f, 0x98]), 'f:1:3: the file is not UTF-8: byte 0xf0 is out of place'],
  [bytes([0xff, 0xfe, 0x7b, 0x00]), 'f:1:1: the file is not UTF-8: byte 0xff is out of place'],
  // Syntax.
  ['{', 'f:1:2: the file ends too early: something is still open'],
  ['{"a"', 'f:1:5: the file ends too early: something is still open'],
  ['[1,\n', 'f:2:1: the file ends too early: something is still open'],
  ['{"a":}', 'f:1:6: expected a JSON value here'],
  ['{"a": yes}', 'f:1:7: expected a JSON value here'],
  ['[,]', 'f:1:2: expected a JSON value here'],
  ['undefined', 'f:1:1: expected a JSON value here'],
  ['nul', 'f:1:1: expected a JSON value here'],
  ['{a: 1}', 'f:1:2: expected a name in double quotes here'],
  ['{1: 1}', 'f:1:2: expected a name in double quotes here'],
  ['{"a" 1}', 'f:1:6: expected ":" after the name'],
  ['{"a": 1 "b": 2}', 'f:1:9: expected "," or "}" here'],
  ['{"a": [1}', 'f:1:9: expected "," or "]" here'],
  ['[1 2]', 'f:1:4: expected "," or "]" here'],
  ['[1}', 'f:1:3: expected "," or "]" here'],
  ['{"a": 1,\n}', 'f:2:1: nothing follows the last ","'],
  ['[1,]', 'f:1:4: nothing follows the last ","'],
  ['{} {}', 'f:1:4: text after the end of the JSON value'],
  ['{}}', 'f:1:3: text after the end of the JSON value'],
  ['{ // why\n}', 'f:1:3: comments are not part of JSON'],
  ['[1, /* two */ 2]', 'f:1:5: comments are not part of JSON'],
  ["{'a': 1}", 'f:1:2: strings need double quotes'],
  ["['a']", 'f:1:2: strings need double quotes'],
  ['{"a": "b\n}', 'f:1:7: this string has no closing quote'],
  ['{"a": "b', 'f:1:7: this string has no closing quote'],
  ['"\\', 'f:1:2: no such escape sequence'],
  ['["a\tb"]', 'f:1:4: control characters must be escaped'],
  ['["a\0b"]', 'f:1:4: control characters must be escaped'],
  ['["\\x41"]', 'f:1:3: no such escape sequence'],
  ['["\\u12g4"]', 'f:1:3: no such escape sequence'],
  ['[01]', 'f:1:2: this is not a JSON number (no leading zeros, no "+", digits around ".")'],
  ['[1.]', 'f:1:2: this is not a JSON number (no leading zeros, no "+", digits around ".")'],
  ['[-]', 'f:1:2: this is not a JSON number (no leading zeros, no "+", digits around ".")'],
  ['[1e]', 'f:1:2: this is not a JSON number (no leading zeros, no "+", digits around ".")'],
  ['[.5]', 'f:1:2: expected a JSON value here'],
  ['[+1]', 'f:1:2: expected a JSON value here'],
  ['\u00a0{}', 'f:1:1: expected a JSON value here'],
  // Names.
  ['{"a": 1,\n "a": 2}', 'f:2:2: a is there twice, first on line 1'],
  ['{"b": [0, {"a": 1, "\\u0061": 2}]}', 'f:1:20: b[1].a is there twice, first on line 1'],
  ['{"__proto__": 1, "__proto__": 2}', 'f:1:18: __proto__ is there twice, first on line 1'],
];

test('a file that cannot be read is refused with the place', () => {
  for (const [text, expected] of refusedTexts) {
    assert.equal(
      refusal(text),
      [expected],
      typeof text === 'string' ? text : Buffer.from(text).toString('latin1'),
    );
  }
});

test('a file may have 16 MiB and no more', () => {
  const filled = (length: number) => `"${'x'.repeat(length - 2)}"`;
  assert.equal(refusal(filled(CONFIG_LIMIT)), []);
  const expected = [`f:1:1: the file has ${CONFIG_LIMIT + 1} bytes; at most ${CONFIG_LIMIT} are read`];
  assert.equal(refusal(filled(CONFIG_LIMIT + 1)), expected);
  assert.equal(refusal(Buffer.from(filled(CONFIG_LIMIT + 1))), expected);
  assert.is(refusal(`"${'é'.repeat(CONFIG_LIMIT / 2)}"`).length, 1, 'bytes count, not characters');
});

test('a file may have half a million values and no more', () => {
  const list = (values: number) => `[${'0,'.repeat(values - 1)}0]`;
  const only = `a file may have at most ${VALUE_LIMIT}`;
  assert.equal(refusal(list(VALUE_LIMIT - 1)), []);
  assert.equal(refusal(list(VALUE_LIMIT)), []);
  assert.equal(refusal(list(VALUE_LIMIT + 1)), [
    `f:1:1: the file holds ${VALUE_LIMIT + 1} texts, numbers, lists and objects; ${only}`,
  ]);
  assert.equal(refusal(`{"a": {"b": [0, {}]},\n"c": {"d": [0, ${list(VALUE_LIMIT + 7)}, 1]}}`), [
    `f:2:16: c.d[1] holds ${VALUE_LIMIT + 7} texts, numbers, lists and objects; ${only}`,
  ]);
  assert.equal(refusal(`[${list(300_000)},${list(300_000)}]`), [
    `f:1:1: the file holds 600002 texts, numbers, lists and objects; ${only}`,
  ]);
  assert.equal(
    refusal(`${list(VALUE_LIMIT + 1)}]`).map(line => line.replace(/^.*?: /, '')),
    ['text after the end of the JSON value'],
  );
});

test('columns count characters, not UTF-16 units', () => {
  assert.equal(refusal('{"😀é": x}'), ['f:1:8: expected a JSON value here']);
  assert.equal(refusal('{"é": x}'), ['f:1:7: expected a JSON value here']);
});

test('lines may end in CR LF', () => {
  const result = parse({ file: 'f', text: '{\r\n"a": x\r\n}' });
  assert.is(result.kind === 'refused' && result.diagnostics[0]?.sourceLine, '"a": x');
});

test('a hostile number of equal names gives a readable number of diagnostics', () => {
  assert.is(refusal(`{${'"a":1,'.repeat(5000)}"a":1}`).length, 50);
});

test('what JSON.parse would round or keep is corrected', () => {
  const parsed = (text: string) => {
    const result = parse({ file: 'f', text });
    return result.kind === 'parsed' ? result.document.value : undefined;
  };
  assert.equal(parsed('[9007199254740991, 9007199254740993]'), [9007199254740991, 9007199254740993n]);
  assert.equal(parsed('{"a": {"b": -9223372036854775808}}'), { a: { b: -9223372036854775808n } });
  assert.equal(parsed('[0.12345678901234567890]'), [0.12345678901234568]);
  assert.equal(parsed('{"a": null, "b": {"c": null, "d": 1}}'), { b: { d: 1 } });
  assert.equal(parsed('[null, {"a": [null]}]'), ['', { a: [''] }]);
  assert.equal(parsed('{"2": null, "1": 18446744073709551615}'), { '1': 18446744073709551615n });
  assert.equal(parsed('{"a": "null 18446744073709551615"}'), { a: 'null 18446744073709551615' });
});

test('no name reaches a prototype', () => {
  const result = parse({
    file: 'f',
    text: '{"__proto__": {"x": 18446744073709551615}, "constructor": null}',
  });
  assert.is(result.kind, 'parsed');
  assert.is(({} as { x?: unknown }).x, undefined);
  if (result.kind !== 'parsed') return;
  assert.equal(Object.keys(result.document.value as object), ['__proto__']);
  assert.is(Object.getPrototypeOf(result.document.value), Object.prototype);
});

test.run();

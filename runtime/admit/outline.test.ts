import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  afterOf,
  endOf,
  isList,
  itemsOf,
  maximumDepth,
  membersOf,
  nameOf,
  nameStart,
  type Outline,
  outline,
  pathOf,
  startOf,
  stringEnd,
} from './outline.js';

function outlineOf(text: string): Outline {
  const shape = outline(text);
  if (shape === undefined) throw new Error(`too deep: ${text}`);
  return shape;
}

/** Every value as its path and source text, in document order. */
function listing(text: string): readonly string[] {
  const shape = outlineOf(text);
  return Array.from({ length: shape.count }, (_, value) => {
    const source = text.slice(startOf(shape, value), endOf(text, shape, value));
    return `/${pathOf(text, shape, value).join('/')} ${source}`;
  });
}

const listings: readonly (readonly [text: string, expected: readonly string[]])[] = [
  ['1', ['/ 1']],
  [' "a" ', ['/ "a"']],
  ['[]', ['/ []']],
  ['{}', ['/ {}']],
  ['[1,true]', ['/ [1,true]', '/0 1', '/1 true']],
  ['{"a":1,"b":"c"}', ['/ {"a":1,"b":"c"}', '/a 1', '/b "c"']],
  ['[[],{},[[]]]', ['/ [[],{},[[]]]', '/0 []', '/1 {}', '/2 [[]]', '/2/0 []']],
  [
    '{"a":{"a":{"a":null}}}',
    ['/ {"a":{"a":{"a":null}}}', '/a {"a":{"a":null}}', '/a/a {"a":null}', '/a/a/a null'],
  ],
  ['[{"a":1},2]', ['/ [{"a":1},2]', '/0 {"a":1}', '/0/a 1', '/1 2']],
  ['{"":""}', ['/ {"":""}', '/ ""']],
  ['{"a:b,{":"]}"}', ['/ {"a:b,{":"]}"}', '/a:b,{ "]}"']],
  ['{"\\u0061\\"":"\\\\"}', ['/ {"\\u0061\\"":"\\\\"}', '/a" "\\\\"']],
  ['[\r\n\t1\t,\n-2.5e+3 ]', ['/ [\r\n\t1\t,\n-2.5e+3 ]', '/0 1', '/1 -2.5e+3']],
  ['["é😀","x"]', ['/ ["é😀","x"]', '/0 "é😀"', '/1 "x"']],
];

test('every value has its path and its place', () => {
  for (const [text, expected] of listings) assert.equal(listing(text), expected, text);
});

test('what a value holds lies between it and the first value after it', () => {
  const text = '{"a":[1,[2]],"b":3}';
  const shape = outlineOf(text);
  assert.equal(
    [0, 1, 2, 3, 4, 5].map(value => afterOf(shape, value)),
    [6, 5, 3, 5, 5, 6],
  );
  assert.is(afterOf(shape, 99), 6);
});

test('names belong to members of objects only', () => {
  const text = '{"a":[1],"b":2}';
  const shape = outlineOf(text);
  assert.is(shape.named, 2);
  assert.equal(
    [0, 1, 2, 3, 4].map(value => nameStart(shape, value)),
    [-1, 1, -1, 9, -1],
  );
  assert.is(nameOf(text, shape, 3), 'b');
});

test('members are found by name or by index, and of equal names the last', () => {
  const object = '{"a":1,"b":[0],"a":3}';
  assert.equal(
    [...membersOf(object, outlineOf(object), 0)],
    [
      ['a', 4],
      ['b', 2],
    ],
  );
  const array = '["x",{"a":1},"y"]';
  assert.equal([...itemsOf(outlineOf(array), 0)], [1, 2, 4]);
  assert.equal([isList(array, outlineOf(array), 0), isList(object, outlineOf(object), 0)], [true, false]);
});

test('what JSON.parse would get wrong is noticed', () => {
  const flags = (text: string) => {
    const { hasLongNumbers, hasNulls } = outlineOf(text);
    return [hasLongNumbers, hasNulls];
  };
  assert.equal(flags('[1,"18446744073709551615","null"]'), [false, false]);
  assert.equal(flags('[9007199254740993]'), [true, false]);
  assert.equal(flags('{"a":null}'), [false, true]);
});

test('depth has a limit', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.is(outline(nested(maximumDepth))?.count, maximumDepth);
  assert.is(outline(nested(maximumDepth + 1)), undefined);
});

test('what is not JSON has some outline', () => {
  for (const text of ['', ' ', '"', '"\\', '{', '}', ']]', '{"a"', '{"a":', '[1 2', '{1}', ':,', 'x"y']) {
    const shape = outlineOf(text);
    for (let value = 0; value < shape.count; value++) {
      assert.ok(endOf(text, shape, value) <= text.length, text);
      assert.ok(afterOf(shape, value) > value, text);
    }
  }
});

test('a string ends at the first quote that no backslash escapes', () => {
  const ends: readonly (readonly [text: string, end: number])[] = [
    ['""', 2],
    ['"a"b"', 3],
    ['"\\""', 4],
    ['"\\\\"x"', 4],
    ['"\\\\\\""', 6],
    ['"open', 5],
    ['"open\\"', 7],
  ];
  for (const [text, end] of ends) assert.is(stringEnd(text, 0), end, text);
});

test.run();

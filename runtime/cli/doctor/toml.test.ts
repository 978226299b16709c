import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseToml } from './toml.js';

const read = (text: string) => Object.fromEntries(parseToml(text));

test('tables, keys, strings and lists', () => {
  const text = `# a comment
runtime = "top"   # not of a table
[engine]
runtime="crun"
"quoted key" = 'C:\\raw'
dotted.key = "x"
supports = [
  "a", # one
  'b'
  , "c\\u0041\\n",
]
[ engine . runtimes ]
crun = ["/usr/bin/crun", "/usr/local/bin/crun"]
"a.b" = []
[[list]]
x = "y"
`;
  assert.equal(read(text), {
    runtime: 'top',
    'engine.runtime': 'crun',
    'engine.quoted key': 'C:\\raw',
    'engine.dotted.key': 'x',
    'engine.supports': ['a', 'b', 'cA\n'],
    'engine.runtimes.crun': ['/usr/bin/crun', '/usr/local/bin/crun'],
    'engine.runtimes.a.b': [],
    '?.x': 'y',
  });
});

test('what is neither a string, a list of them nor a truth is passed over, and nothing of it is taken for a key', () => {
  const text = `a = 5
b = true
c = { runtime = "no" }
d = [1, 2]
e = """
runtime = "no"
"""
f = '''it's'''
g = ["x", 5]
h = "last"`;
  assert.equal(read(text), { b: 'true', e: 'runtime = "no"\n', f: "it's", h: 'last' });
});

test('whatever it is given, it comes to an end', () => {
  for (const text of [
    '',
    '[',
    '[a',
    '[]',
    'a',
    'a =',
    'a = "',
    'a = [',
    'a = ["x"',
    '=',
    '"',
    '[a]b="c',
    '\\',
    '"""',
  ])
    assert.type(parseToml(text).size, 'number', text);
  assert.is(parseToml(`a = [${'"x",'.repeat(100_000)}]`).get('a')?.length, 100_000);
  assert.is(parseToml(`a = "${'x'.repeat(1_000_000)}"`).get('a')?.length, 1_000_000);
});

test.run();

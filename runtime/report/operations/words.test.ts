/** Words of operations stand here and nowhere else. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cgroups } from '../../../spec/operations/cgroups.js';
import { container } from '../../../spec/operations/container.js';
import { hooks } from '../../../spec/operations/hooks.js';
import { type Operation, type OperationKind, operations } from '../../../spec/operations/index.js';
import { launch } from '../../../spec/operations/launch.js';
import { namespaces } from '../../../spec/operations/namespaces.js';
import { pins } from '../../../spec/operations/pins.js';
import { process } from '../../../spec/operations/process.js';
import { root } from '../../../spec/operations/root.js';
import { stored } from '../../../spec/operations/stored.js';
import { views } from '../../../spec/operations/views.js';
import { wordsFor } from './words.js';

/** Wings of the compiler that hold no sentences. */
const wings = ['process', 'namespaces', 'hooks'];

const sources = wings.flatMap(wing =>
  readdirSync(`runtime/compile/${wing}`)
    .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map(name => `runtime/compile/${wing}/${name}`),
);

/** Texts of several words, but for rules (the `because` of an operation) and the names of data. */
function sentencesOf(code: string): readonly string[] {
  const bare = code
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/ \/\/ .*$/gm, '');
  const texts = /(\w+\()?\s*('[^'\n]*'|`[^`]*`)/g;
  return [...bare.matchAll(texts)]
    .filter(([, called = '']) => !/^(rule|struct|bytes|vector|buffer|characters)\($/.test(called))
    .map(([, , literal = '']) => literal)
    .filter(literal => /[a-z]{2,} | [a-z]{2,}/i.test(literal.replace(/\$\{[^}]*\}/g, '')));
}

test('no sentence stands in the compiler', () => {
  assert.ok(sources.length > 15);
  for (const file of sources) assert.equal(sentencesOf(readFileSync(file, 'utf8')), [], file);
});

test('a sentence would be found', () => {
  const because = "rule('a container has its own keyring')";
  assert.equal(sentencesOf(`operation({ kind: 'x', because: ${because} }, [text('was not executed')])`), [
    "'was not executed'",
  ]);
  assert.equal(sentencesOf('const title = `open the file`;'), ['`open the file`']);
});

test('no operation is made without a record', () => {
  for (const file of sources)
    assert.not.match(
      readFileSync(file, 'utf8'),
      /import \{[^}]*\baction\b[^}]*\} from '[./]*program\/action/,
      file,
    );
});

test('each kind stands in the table of one wing', () => {
  const tables = [cgroups, container, hooks, launch, namespaces, pins, process, root, stored, views];
  assert.equal(tables.flatMap(table => Object.keys(table)).sort(), Object.keys(operations).sort());
});

/** Something for each field of a kind. */
const example = {
  text: '/some/path',
  number: 493,
  integer: 2n ** 64n - 1n,
  flag: true,
  texts: ['CAP_KILL'],
  numbers: [7],
};

/** A record of the kind with every field that it may have. */
function exampleOf(kind: OperationKind): Operation {
  const fields = Object.entries(operations[kind] as Readonly<Record<string, string | readonly string[]>>).map(
    ([name, type]) => [
      name,
      typeof type === 'string' ? example[type.replace('?', '') as keyof typeof example] : type[0],
    ],
  );
  return { kind, because: { kind: 'rule', rule: 'test' }, ...Object.fromEntries(fields) } as Operation;
}

test('a title is one line that says what is done', () => {
  for (const kind of Object.keys({ ...hooks, ...namespaces, ...process }) as OperationKind[]) {
    const { title } = wordsFor(exampleOf(kind), []);
    assert.match(title, /^[a-z][^\n]*[^\s]$/, `${kind}: ${title}`);
    assert.not.match(title, /undefined|\[object|^(be|have|it|its) /, `${kind}: ${title}`);
  }
});

test.run();

import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Unreadable } from '../host/error-code.js';
import { checks } from './doctor/checks.js';
import { fault, note, ok, quoted, some } from './doctor/line.js';
import { askedPaths, type Check } from './doctor/subject.js';
import { forget, registryOf, subjectWith } from './doctor/test/made-up.js';
import { doctorJson, doctorTable, examine } from './doctor.js';

const schema = JSON.parse(readFileSync('spec/doctor.schema.json', 'utf8'));
const validate = new Ajv({ allowUnionTypes: true }).compile(schema);

const lines = examine(subjectWith(), [
  { name: 'kernel', look: () => [ok('fine')] },
  { name: 'shares', look: () => [note('slow'), fault('a\u001bb does not answer', "umount 'a b'")] },
] satisfies Check[]);

test('a table with the command below what it mends; nothing reaches the terminal', () => {
  assert.is(
    doctorTable(lines),
    `CHECK   RESULT  WHAT
kernel  ok      fine
shares  note    slow
shares  fault   a\\u{1b}b does not answer
                mend: umount 'a b'
`,
  );
});

test('JSON by the schema, which has the names of all checks', () => {
  const text = doctorJson(lines);
  assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
  const told = JSON.parse(text);
  assert.is(told.fault, true);
  assert.is(told.lines[2].mend, "umount 'a b'");
  assert.not.ok(validate({ ...told, more: 1 }));
  assert.is(JSON.parse(doctorJson(lines.slice(0, 2))).fault, false);
  assert.equal(
    schema.definitions.Line.properties.check.enum,
    checks.map(({ name }) => name),
  );
});

test('what one check cannot read is a fault of its own, and others go on', () => {
  const checks: readonly Check[] = [
    { name: 'kernel', look: () => [ok('fine')] },
    {
      name: 'trees',
      look: () => {
        throw new Unreadable('/run/chos-trees', 'EIO');
      },
    },
    { name: 'states', look: () => [ok(readFileSync('/nonexistent/state', 'utf8'))] },
    { name: 'pins', look: () => [ok('never asked')] },
    { name: 'hooks', look: () => [ok('fine')] },
  ];
  const unreadable = [['pins', new Unreadable('/run/chos-trees', 'ENOTDIR')]] as const;
  const told = examine(subjectWith({ unreadable }), checks);
  assert.equal(
    told.map(({ check, result, what }) => [check, result, what]),
    [
      ['kernel', 'ok', 'fine'],
      ['trees', 'fault', '/run/chos-trees cannot be read: Input/output error'],
      ['states', 'fault', '/nonexistent/state cannot be read: No such file or directory'],
      ['pins', 'fault', '/run/chos-trees cannot be read: Not a directory'],
      ['hooks', 'ok', 'fine'],
    ],
  );
  const bug = (): never => {
    throw new TypeError('a bug');
  };
  assert.throws(() => examine(subjectWith(), [{ name: 'kernel', look: bug }]), /a bug/);
});

test('every check says something of a machine on which nothing is registered', () => {
  const told = examine(subjectWith());
  assert.ok(validate(JSON.parse(doctorJson(told))), JSON.stringify(validate.errors));
  assert.equal(
    [...new Set(told.map(({ check }) => check))],
    checks.map(({ name }) => name),
  );
  assert.equal(
    told.filter(({ result }) => result === 'fault'),
    [],
  );
});

test('what may be on a file server is asked first: trees, shares, hooks, what was prepared, what is the own', () => {
  const { registry } = registryOf({
    'a.json': {
      shares: [{ path: '/home' }],
      trees: { a: { path: '/ostrees/a', hooks: { createRuntime: [{ path: '/tools/hook' }] } } },
    },
  });
  const record = { path: '/ostrees/old', shares: [{ path: '/former' }] };
  const generation = {
    tree: 'old',
    number: 1,
    name: 'old@1',
    state: 'ready',
    certain: true,
    record,
  } as never;
  const skeleton = {
    kind: 'ready',
    record: { shares: [{ path: '/shown' }], holders: ['/ostrees'] },
  } as never;
  assert.equal([...new Set(askedPaths(registry, [generation], skeleton, ['/home/ann', 'relative']))].sort(), [
    '/former',
    '/home',
    '/home/ann',
    '/ostrees',
    '/ostrees/a',
    '/ostrees/old',
    '/shown',
    '/tools/hook',
  ]);
});

test('words for a shell, and long lists', () => {
  assert.equal(['/a/b-c.d:1', 'a b', '$(x)', "it's", ''].map(quoted), [
    '/a/b-c.d:1',
    "'a b'",
    "'$(x)'",
    "'it'\\''s'",
    "''",
  ]);
  assert.is(some(['a', 'b', 'c', 'd', 'e']), 'a, b, c, d, e');
  assert.is(some(['a', 'b', 'c', 'd', 'e', 'f']), 'a, b, c, d and 2 more');
});

test.after(forget);
test.run();

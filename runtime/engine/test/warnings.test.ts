/** Where warnings go, and when: those of the compiler and those of a program. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { errnos } from '../../../spec/errno.js';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { act, engine, imageFile, program, run, scratch } from './engine.js';

const door = join(process.cwd(), 'build/engine-test/chos-runtime');
const log = join(scratch, 'warnings.log');

function call(...args: readonly string[]) {
  rmSync(log, { force: true });
  const { status, stderr } = spawnSync(door, args, { encoding: 'utf8', cwd: scratch, timeout: 20_000 });
  const logged = existsSync(log) ? readFileSync(log, 'utf8') : '';
  return { status, err: stderr, logged };
}

const warnings = ['first, "so"', 'second\nline'];
const json = ['--log', log, '--log-format', 'json'];

/** `create` with a program that ends like this, compiled with two warnings. */
function create(global: readonly string[], ...lines: readonly s.Line[]) {
  const image = imageFile(encode(program({ actions: [act('work', lines)] })));
  return call(...global, 'create', 'x', '--answer', 'program', image, '{}', ...warnings);
}

const saying = (text: string) => s.warn(o.text(text), text.length);

test('without a log they go to stderr, a line each', () => {
  assert.equal(create([], s.exit(0)), {
    status: 0,
    err: 'chos-runtime: warning: first, "so"\nchos-runtime: warning: second line\n',
    logged: '',
  });
});

test('with a log they go only there', () => {
  const { status, err, logged } = create(json, saying('third'), s.exit(0));
  assert.equal([status, err], [0, '']);
  assert.equal(
    logged
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
      .map(({ level, msg }) => [level, msg]),
    [
      ['warning', 'first, "so"'],
      ['warning', 'second line'],
      ['warning', 'third'],
    ],
  );
  assert.match(create(['--log', log], s.exit(0)).logged, / level=warning msg="first, \\"so\\""\n/);
});

test('--log-level error hides them, debug does not', () => {
  assert.equal(create(['--log-level', 'error'], s.exit(0)).err, '');
  assert.equal(create([...json, '--log-level=error'], s.exit(0)).logged, '');
  for (const level of [
    ['--log-level', 'debug'],
    ['--log-level=warning'],
    ['--log-level=error', '--debug'],
    ['--debug=false'],
  ])
    assert.match(create(level, s.exit(0)).err, 'warning: first');
});

test('a command that fails says its error and nothing else', () => {
  const { status, err, logged } = create(json, s.fail(errnos.EIO.number));
  assert.equal([status, err], [1, 'chos-runtime: work: Input/output error\n']);
  assert.is(JSON.parse(logged).msg, 'work: Input/output error');
});

test('what the program of a failed command has warned of stands behind its error', () => {
  const failing = act('try', [s.fail(errnos.EIO.number)]);
  const made = act('make', [saying('before')], [saying('it is not undone'), saying('nor that')]);
  const { status, err } = run({ actions: [made, failing] });
  assert.equal(
    [status, err],
    [1, 'chos-runtime: try: Input/output error; before; it is not undone; nor that\n'],
  );
});

test('callers of state, features and ps read stderr as well, and find no warning there', () => {
  for (const command of ['state', 'features', 'ps']) {
    assert.equal(call(command, 'x', '--answer', 'warn', 'careful').err, '', command);
    assert.match(call('--log', log, command, 'x', '--answer', 'warn', 'careful').logged, 'careful', command);
  }
  assert.is(call('list', '--answer', 'warn', 'careful').err, 'chos-runtime: warning: careful\n');
});

test('a process of the program that is not the command itself says nothing', () => {
  const args = o.struct('clone_args', [
    ...new Array(4).fill(o.u64(0)),
    o.u64(17),
    ...new Array(6).fill(o.u64(0)),
  ]);
  const begin = o.label('begin');
  const pid = o.slot('pid');
  const status = o.buffer('status', 128);
  const { err } = run({
    actions: [
      act('work', [
        saying('parent'),
        s.track(args, 'child', begin, { to: pid }),
        s.sys('waitid', [1, pid, status, 4, 0]),
        s.exit(0),
      ]),
    ],
    tracks: [{ name: 'child', actions: [act('be', [begin, saying('child'), s.exit(0)])], failed: [] }],
  });
  assert.is(err, 'chos-runtime: warning: parent\n');
});

test('more than there is room for is cut', () => {
  const long = 'x'.repeat(3000);
  const { err } = run({ actions: [act('work', [saying(long), saying(long), saying('end'), s.exit(0)])] });
  const lines = err.split('\n');
  assert.equal(lines[0], `chos-runtime: warning: ${long}`);
  assert.match(lines[1] ?? '', /^chos-runtime: warning: x{1000,1100}\.\.\.$/);
  assert.is(lines[2], '');
});

test('a NUL in one does not make two of it', () => {
  const { err } = run({ actions: [act('work', [saying('one\0two'), saying('three'), s.exit(0)])] });
  assert.is(err, 'chos-runtime: warning: one?two\nchos-runtime: warning: three\n');
});

test('a warning outside the data is not one', () => {
  const image = encode(program({ actions: [act('work', [s.warn(o.text('abc'), 1 << 30), s.exit(0)])] }));
  assert.match(engine(['--engine-validate', imageFile(image)]).out, 'a buffer outside the data');
});

test.run();

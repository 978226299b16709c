import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answersOf } from './answers.js';

const base = mkdtempSync(join(tmpdir(), 'chos-answers-'));

/** In the place of a process that asks: what has "dead" in its name is never answered, "end" ends it, and each tells its number in a file. */
const program = `
require('node:fs').writeFileSync(${JSON.stringify(base)} + '/' + process.pid, '');
let text = '';
process.stdin.setEncoding('utf8').on('data', chunk => {
  const lines = (text + chunk).split('\\n');
  text = lines.pop();
  for (const line of lines) {
    const path = JSON.parse(line);
    if (path.includes('end')) process.exit(1);
    if (path.includes('dead')) while (true) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    process.stdout.write((path.includes('gone') ? '"ESTALE"' : '26985') + '\\n');
  }
});
process.stdout.write('ready\\n');
`;

const processes = (): readonly number[] => readdirSync(base).map(Number);
const isAlive = (pid: number): boolean => {
  try {
    // A killed one that nobody has waited for yet is none.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
};

test.before.each(() => {
  for (const name of readdirSync(base)) rmSync(join(base, name));
});

test('paths of this machine', async () => {
  const answers = await answersOf(['/', '/etc/passwd', '/no/such "path"\n', '/']);
  assert.is(answers.size, 3);
  const root = answers.get('/');
  assert.ok(root?.kind === 'answered' && (root.type ?? 0) > 0);
  assert.is(answers.get('/etc/passwd')?.kind, 'answered');
  assert.equal(answers.get('/no/such "path"\n'), { kind: 'failed', code: 'ENOENT' });
});

test('nothing to ask', async () => {
  assert.is((await answersOf([], { program })).size, 0);
  assert.equal(processes(), []);
});

test('as long as answers come, one process asks all', async () => {
  const paths = Array.from({ length: 200 }, (_, i) => `/share/${i}`);
  const answers = await answersOf([...paths, '/gone'], { program, patience: 10_000 });
  assert.is([...answers.values()].filter(({ kind }) => kind === 'answered').length, 200);
  assert.equal(answers.get('/gone'), { kind: 'failed', code: 'ESTALE' });
  assert.is(processes().length, 1);
});

test('those that do not answer hide no other, and what asked them is killed', async () => {
  const answers = await answersOf(['/dead/1', '/a', '/dead/2', '/b'], {
    program,
    deadline: 1500,
    patience: 20,
  });
  assert.equal([...answers].map(([path, { kind }]) => `${path} ${kind}`).sort(), [
    '/a answered',
    '/b answered',
    '/dead/1 silent',
    '/dead/2 silent',
  ]);
  assert.ok(processes().length >= 2);
  for (const pid of processes()) while (isAlive(pid)) await new Promise(resolve => setImmediate(resolve));
});

test('many dead ones share few processes', async () => {
  const paths = Array.from({ length: 6 }, (_, i) => `/dead/${i}`);
  const answers = await answersOf([...paths, '/a'], { program, deadline: 300, patience: 10, most: 2 });
  assert.is([...answers.values()].filter(({ kind }) => kind === 'silent').length, 6);
  assert.is(answers.get('/a')?.kind, 'answered');
});

test('a process that ends takes its path with it, and no other', async () => {
  const answers = await answersOf(['/a', '/end', '/b'], { program });
  assert.equal(
    [...answers.values()].map(({ kind }) => kind),
    ['answered', 'unasked', 'answered'],
  );
});

test('where no process can be had, nothing is asked', async () => {
  const answers = await answersOf(['/a', '/b'], { program: 'process.exit(1)' });
  assert.equal([...answers.values()], [{ kind: 'unasked' }, { kind: 'unasked' }]);
});

test.after(() => rmSync(base, { recursive: true, force: true }));
test.run();

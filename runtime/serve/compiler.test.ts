/** Threads that do what a compiler must not: in processes of their own, which end as the service does. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exitNow } from '../host/exit-now.js';
import { type Compiler, MOST_ROUSED, startCompiler } from './compiler.js';

const CHILD = 'threads-that-misbehave';
/** Echoes, but for what it is asked to do. */
const thread = (fifo: string): string => `
  const { parentPort } = require('node:worker_threads');
  const acts = {
    block: () => require('node:fs').readFileSync(${JSON.stringify(fifo)}),
    throw: () => { throw new Error('no luck'); },
    hang: () => acts.block(),
    spin: () => { for (;;); },
    write: () => { for (;;) require('node:fs').appendFileSync(__filename + '.written', 'x'); },
  };
  parentPort.on('message', ({ bytes }) => {
    if (bytes !== undefined) acts[Buffer.from(bytes).toString()]?.();
    parentPort.postMessage({ bytes });
  });
  parentPort.postMessage({});
`;

/** Says with each answer whether it has warmed up; it hears of requests while it does. */
const slowThread = `
  const { parentPort } = require('node:worker_threads');
  let turns = 0;
  const warmUp = () => (++turns < 1000 ? void setImmediate(warmUp) : parentPort.postMessage({}));
  parentPort.on('message', ({ bytes }) =>
    parentPort.postMessage(bytes === undefined ? {} : { bytes: Buffer.from(turns < 1000 ? 'early' : 'warm') }));
  warmUp();
`;

/** Answers how many times it was roused. */
const rousedThread = `
  const { parentPort } = require('node:worker_threads');
  let roused = 0;
  parentPort.on('message', ({ bytes }) =>
    bytes === undefined ? roused++ : parentPort.postMessage({ bytes: Buffer.from(String(roused)) }));
  parentPort.postMessage({});
`;

/** Hangs when it is to tidy up. */
const untidyThread = (fifo: string): string => `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ bytes }) => {
    if (bytes === undefined) require('node:fs').readFileSync(${JSON.stringify(fifo)});
    parentPort.postMessage({ bytes });
  });
  parentPort.postMessage({});
`;

/** To tidy up before anything else, or before what comes next. */
const TIDY = 'tidy';
/** After it was roused a hundred times. */
const ROUSED = 'roused';
/** Is replaced while it is at it. */
const SPIN = 'spin';

/** All of it is over, in the middle of that. */
const WRITE = 'write';
const BLOCK_AND_END = 'hang';

/** What a thread that is ended does from then on. */
async function endOf(compiler: Compiler, file: string, act: string): Promise<void> {
  const written = (): number => statSync(`${file}.written`, { throwIfNoEntry: false })?.size ?? 0;
  while (act === WRITE && written() === 0) await new Promise(setImmediate);
  await compiler.end();
  const before = written();
  await new Promise(resolve => setTimeout(resolve, 50));
  process.stdout.write(written() === before ? 'ended\n' : 'goes on\n');
  exitNow(0);
}

/** Asks one after the other, each when the thread can be asked; a line for each answer and one for the loss. */
function misbehave(file: string, deadline: number, requests: readonly string[]): void {
  const left = [...requests];
  const tidy = (): void => {
    left.shift();
    compiler.tidy(() => void process.stdout.write('tidied\n'));
  };
  const next = (): void => {
    if (!compiler.idle()) return;
    if (left[0] === TIDY) {
      tidy();
      return;
    }
    const request = left.shift();
    if (request === undefined) exitNow(0);
    if (request === ROUSED) for (let i = 1; i <= 100; i++) compiler.rouse(i);
    if (request === SPIN) setTimeout(() => compiler.replace(), 50);
    if (request === WRITE || request === BLOCK_AND_END) void endOf(compiler, file, request);
    compiler.ask(Buffer.from(request), 1, answer => {
      process.stdout.write(`${request} ${answer === null ? 'failed' : Buffer.from(answer).toString()}\n`);
    });
  };
  const lost = (why: string): void => {
    process.stdout.write(`lost: ${why}; ${compiler.idle() || compiler.warm() ? 'of use' : 'of no use'}\n`);
    exitNow(7);
  };
  const compiler = startCompiler({ file, scratch: '', deadline, ready: next, lost });
  if (left[0] === TIDY) tidy();
}

if (process.argv[2] === CHILD) {
  const [, , , file = '', deadline, ...requests] = process.argv;
  misbehave(file, Number(deadline), requests);
} else {
  const directory = mkdtempSync(join(tmpdir(), 'chos-threads-'));
  const file = join(directory, 'thread.cjs');
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);

  const asked = (text: string, deadline: number, ...requests: readonly string[]) => {
    writeFileSync(file, text);
    const args = [fileURLToPath(import.meta.url), CHILD, file, String(deadline), ...requests];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 });
    let out = '';
    child.stdout.on('data', chunk => {
      out += chunk;
    });
    return new Promise(resolve => child.on('close', status => resolve({ status, out })));
  };

  test('a thread that throws is replaced, and its own request alone fails', async () => {
    assert.equal(await asked(thread(fifo), 60_000, 'a', 'throw', 'b'), {
      status: 0,
      out: 'a a\nthrow failed\nb b\n',
    });
  });

  test('one that hangs is replaced, and the process ends though it still hangs', async () => {
    assert.equal(await asked(thread(fifo), 1000, 'block', 'a'), { status: 0, out: 'block failed\na a\n' });
  });

  test('with three that hang it is lost', async () => {
    const out = `${'block failed\n'.repeat(3)}lost: 3 of its threads hang in system calls; of no use\n`;
    assert.equal(await asked(thread(fifo), 200, 'block', 'block', 'block', 'a'), { status: 7, out });
  });

  test('one that is to be replaced is, whatever it does', async () => {
    assert.equal(await asked(thread(fifo), 60_000, 'a', SPIN, 'b'), {
      status: 0,
      out: 'a a\nspin failed\nb b\n',
    });
  });

  test('one that is ended does nothing from then on; one that hangs is not waited for', async () => {
    for (const act of [WRITE, BLOCK_AND_END])
      assert.equal(await asked(thread(fifo), 60_000, 'a', act), { status: 0, out: 'a a\nended\n' });
  });

  test('nothing is asked before it has tidied up', async () => {
    assert.equal(await asked(thread(fifo), 60_000, 'a', TIDY, 'b'), { status: 0, out: 'a a\ntidied\nb b\n' });
  });

  test('one that hangs when it is to tidy up is replaced', async () => {
    assert.equal(await asked(untidyThread(fifo), 200, 'a', TIDY, 'b'), {
      status: 0,
      out: 'a a\ntidied\nb b\n',
    });
  });

  test('it is not roused for ever by those who ask nothing', async () => {
    const [once, twice] = [MOST_ROUSED, 2 * MOST_ROUSED];
    assert.equal(await asked(rousedThread, 60_000, ROUSED, 'a', ROUSED), {
      status: 0,
      out: `roused ${once}\na ${once}\nroused ${twice}\n`,
    });
  });

  test('one that does not get warm is not tried again', async () => {
    assert.equal(await asked("throw new Error('no luck')", 1000, 'a'), {
      status: 7,
      out: 'lost: no luck; of no use\n',
    });
  });

  test('one that is to tidy up while it warms up is asked nothing before it is warm', async () => {
    assert.equal(await asked(slowThread, 60_000, TIDY, 'a'), { status: 0, out: 'tidied\na warm\n' });
  });

  test.after(() => rmSync(directory, { recursive: true }));
  test.run();
}

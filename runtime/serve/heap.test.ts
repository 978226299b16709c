/** A thread that fills its heap, behind a service that looks at what the process takes: in a process of its own, which the JavaScript engine aborts where that comes too late. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AnswerKind, REQUEST_HEADER_SIZE } from '../../spec/wire.js';
import { exitNow } from '../host/exit-now.js';
import { ownMemory } from '../host/free-memory.js';
import { startCompiler } from './compiler.js';
import type { Service } from './service.js';
import { answer, ask, head, removePlace, serving } from './test/asking.js';

const CHILD = 'heap-that-is-filled';
/** What comes behind the header of a request, one after the other. */
const REQUESTS = ['before', 'fill', 'after'];
const thread = `
  const { parentPort } = require('node:worker_threads');
  const answer = Buffer.from('${Buffer.from(answer).toString('hex')}', 'hex');
  parentPort.on('message', ({ bytes }) => {
    if (bytes === undefined) return;
    if (Buffer.from(bytes).includes('fill')) for (const all = [];;) all.push({ all });
    parentPort.postMessage({ bytes: answer });
  });
  parentPort.postMessage({});
`;

/** A line for each request: who answered it. */
async function fillHeap(file: string): Promise<void> {
  let service: Service | undefined;
  let warm = (): void => undefined;
  const lost = (why: string): void => {
    process.stdout.write(`lost: ${why}\n`);
    exitNow(7);
  };
  const compiler = startCompiler({
    file,
    scratch: '',
    deadline: 60_000,
    lost,
    ready: () => {
      service?.next();
      warm();
    },
  });
  await serving(
    async one => {
      service = one;
      for (const request of REQUESTS) {
        while (!compiler.warm())
          await new Promise<void>(resolve => {
            warm = resolve;
          });
        const { told } = ask(
          Buffer.concat([head(REQUEST_HEADER_SIZE + request.length), Buffer.from(request)]),
        );
        const kind = await Promise.race([
          told(AnswerKind.REPORT).then(() => 'served'),
          told(AnswerKind.COLD).then(() => 'cold'),
        ]);
        process.stdout.write(`${request}: ${kind}\n`);
      }
      exitNow(0);
    },
    { compiler, memory: ownMemory(), lost },
  );
}

if (process.argv[2] === CHILD) void fillHeap(process.argv[3] ?? '');
else {
  const directory = mkdtempSync(join(tmpdir(), 'chos-heap-'));

  test('one that fills its heap is replaced, and its own request alone is compiled cold', async () => {
    const file = join(directory, 'thread.cjs');
    writeFileSync(file, thread);
    const args = [fileURLToPath(import.meta.url), CHILD, file];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      timeout: 60_000,
      // Where it puts its socket, if it does not come to an end of its own.
      env: { ...process.env, TMPDIR: directory },
    });
    assert.is(stdout, 'before: served\nfill: cold\nafter: served\n');
  });

  test.after(() => {
    removePlace();
    rmSync(directory, { recursive: true });
  });
  test.run();
}

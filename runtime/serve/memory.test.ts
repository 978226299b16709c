/** How much memory the service takes at most, with each JavaScript engine: what only one has a bound for is bounded. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultConfig } from '../cli/default-config.js';
import { servicePlace, who } from './test/place.js';

/** Up to the first line on stderr: all, if there is none. */
function call(engine: string, directory: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(join(process.cwd(), engine), args, {
    cwd: '/',
    env: { XDG_RUNTIME_DIR: directory },
    stdio: ['pipe', 'ignore', 'pipe'],
    ...who,
  });
  child.stdin.on('error', () => undefined).end(input);
  let err = '';
  child.stderr.on('data', chunk => {
    err += chunk;
  });
  return new Promise(resolve => child.on('close', () => resolve(err)));
}

const config = defaultConfig();
const process_ = { ...config.process, terminal: false };
const many = <Item>(count: number, item: (i: number) => Item): Item[] =>
  Array.from({ length: count }, (_, i) => item(i));
const rule = (value: number) => ({
  names: ['read'],
  action: 'SCMP_ACT_ALLOW',
  args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
});
/** Just below what a service takes, and of those shapes of which most comes: what is said of them. */
const shapes: readonly (readonly [string, object])[] = [
  ['mounts[0] must be an object', { mounts: many(400_000, () => 1) }],
  [
    'has no such id',
    { process: { ...process_, user: { uid: 0, gid: 0, additionalGids: many(60_000, i => i) } } },
  ],
  [
    'it makes more than 4096 instructions',
    { linux: { ...config.linux, seccomp: { defaultAction: 'SCMP_ACT_ERRNO', syscalls: many(9000, rule) } } },
  ],
];
/** MiB: that of the units is 512, and counts pages of files. */
const MOST = 448;

for (const engine of ['build/chos-runtime', 'build/bun/chos-runtime'])
  test(`${engine}: requests of the worst shape, one after the other, and some at once`, async () => {
    const { directory } = servicePlace('memory');
    const service = spawn(join(process.cwd(), engine), ['serve'], {
      cwd: '/',
      env: { XDG_RUNTIME_DIR: directory },
      stdio: 'ignore',
      ...who,
    });
    const ended = new Promise(resolve => service.on('close', resolve));
    const most = (): number =>
      Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${service.pid}/status`, 'latin1'))?.[1]) / 1024;
    try {
      while (service.exitCode === null && (await call(engine, directory, ['--debug', 'list'])) !== '');
      let answered = 0;
      const ask = async (i: number): Promise<void> => {
        const [words, change] = shapes[i % shapes.length] ?? ['', {}];
        const text = JSON.stringify({ ...config, process: process_, ...change });
        const said = await call(engine, directory, ['--debug', 'create', '-f', '-', 'id'], text);
        assert.match(said, words);
        if (!said.includes('was not used')) answered++;
      };
      for (let i = 0; i < 9; i++) await ask(i);
      await Promise.all(many(6, ask));
      assert.ok(answered >= 6, `${answered} were answered`);
      assert.ok(most() < MOST, `${most()} MiB`);
    } finally {
      service.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true });
    }
  });

test.run();

/** The service where the realtime clock leaps ten years at each look: what it waits for, and how long, is of a clock that does not. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PATIENCE } from './service.js';
import { servicePlace, who } from './test/place.js';

const build = join(process.cwd(), 'build');
const { directory, place, socket: path } = servicePlace('clock');
const clock = join(directory, 'clock.so');
const source = 'runtime/serve/test/leaping-clock.c';
execFileSync('gcc', ['-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', clock, source]);
for (const [one, mode] of [
  [directory, 0o711],
  [clock, 0o755],
] as const)
  chmodSync(one, mode);

const env = { XDG_RUNTIME_DIR: directory };
/** The engine, what it would start, and how that runs something else. */
const engines = [
  {
    name: 'chos-runtime',
    compiler: [process.execPath, join(build, 'chos-runtime.cjs')],
    itself: [process.execPath],
    more: {},
  },
  {
    name: 'bun/chos-runtime',
    compiler: [join(build, 'bun/chos-compiler')],
    itself: [join(build, 'bun/chos-compiler')],
    more: { BUN_BE_BUN: '1' },
  },
] as const;

/** Until the service answers, or is gone. */
async function answered(engine: string, child: ReturnType<typeof spawn>): Promise<void> {
  let said = '-';
  while (said !== '' && child.exitCode === null) {
    const list = spawn(engine, ['--debug', 'list'], {
      cwd: '/',
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...who,
    });
    said = '';
    list.stderr.setEncoding('utf8').on('data', text => {
      said += text;
    });
    await new Promise(resolve => list.on('close', resolve));
  }
  assert.is(child.exitCode, null);
}

/** What nothing is sent to is closed some time later: milliseconds. */
function closedAfter(): Promise<number> {
  const began = performance.now();
  return new Promise(resolve => connect(path).on('close', () => resolve(performance.now() - began)));
}

for (const { name, compiler, itself, more } of engines)
  test(`${name}: nothing that it waits for is of the realtime clock`, async () => {
    const preloaded = { ...env, LD_PRELOAD: clock };
    const [program, ...before] = itself;
    const look = 'console.log(Math.abs(Date.now() - Date.now()) > 1e11)';
    const leaps = execFileSync(program, [...before, '-e', look], { env: { ...preloaded, ...more } });
    assert.is(leaps.toString(), 'true\n');

    const [file, ...args] = compiler;
    const service = spawn(file, [...args, 'serve', '--idle', '8s'], {
      cwd: '/',
      env: preloaded,
      stdio: 'ignore',
      ...who,
    });
    const ended = new Promise<number | null>(resolve => service.on('close', resolve));
    try {
      for (let i = 0; i < 5; i++) await answered(join(build, name), service);
      const closed = await closedAfter();
      assert.ok(closed > PATIENCE.exchange - 200, `${closed} ms`);
      assert.is(await ended, 0);
      assert.equal(readdirSync(place), []);
    } finally {
      service.kill('SIGKILL');
      await ended;
    }
  });

test.after(() => rmSync(directory, { recursive: true }));
test.run();

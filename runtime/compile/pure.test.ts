/** The compiler asks nobody: no files, no processes, no clock, no chance. Its answer is its input's. */
import childProcess from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encode } from '../program/encode.js';
import { caseNames, casesFolder, readCase } from './golden/case.js';

type Functions = Record<string, unknown>;

const forbidden: readonly (readonly [name: string, of: Functions])[] = [
  ['fs', fs as unknown as Functions],
  ['child_process', childProcess as unknown as Functions],
  ['crypto', crypto as unknown as Functions],
  ['os', os as unknown as Functions],
];

/** Calls `run` while everything that reaches outside throws. */
function without<Result>(run: () => Result): Result {
  const undo: (() => void)[] = [];
  const replace = (of: Functions, key: string, by: unknown): void => {
    const descriptor = Object.getOwnPropertyDescriptor(of, key);
    if (descriptor?.configurable !== true) return;
    Object.defineProperty(of, key, { value: by, configurable: true });
    undo.push(() => Object.defineProperty(of, key, descriptor));
  };
  const throwing = (name: string) => (): never => {
    throw new Error(`the compiler called ${name}`);
  };
  for (const [name, of] of forbidden)
    for (const [key, value] of Object.entries(of))
      if (typeof value === 'function') replace(of, key, throwing(`${name}.${key}`));
  replace(globalThis as unknown as Functions, 'Date', throwing('Date'));
  replace(Math as unknown as Functions, 'random', throwing('Math.random'));
  replace(performance as unknown as Functions, 'now', throwing('performance.now'));
  const own = process as unknown as Functions;
  for (const name of ['cwd', 'getuid', 'geteuid', 'hrtime', 'umask', 'uptime'])
    replace(own, name, throwing(`process.${name}`));
  replace(own, 'env', new Proxy({}, { get: throwing('process.env'), has: throwing('process.env') }));
  syncBuiltinESMExports();
  try {
    return run();
  } finally {
    for (const put of undo.reverse()) put();
    syncBuiltinESMExports();
  }
}

test('the ban is a ban', () => {
  assert.throws(() => without(() => fs.readFileSync('/etc/hostname')), /fs\.readFileSync/);
  assert.throws(() => without(() => new Date()), /Date/);
  assert.throws(() => without(() => Math.random()), /Math\.random/);
  assert.throws(() => without(() => process.env.PATH), /process\.env/);
  assert.throws(() => without(() => process.cwd()), /process\.cwd/);
  assert.ok(fs.existsSync('/'));
});

for (const name of fs.readdirSync(casesFolder).filter(entry => !entry.includes('.'))) {
  test(`${name} is compiled without a look outside`, () => {
    const golden = readCase(name);
    for (const kind of golden.kinds) {
      const image = without(() => encode(golden.compile(kind)));
      assert.ok(image.length > 0);
    }
  });
}

/** All that can be frozen; what Maps hold, too. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value))
    return;
  Object.freeze(value);
  for (const held of value instanceof Map ? value.values() : Object.values(value)) freeze(held);
}

const programs = caseNames().filter(name => !fs.existsSync(`${casesFolder}/${name}/work.json`));

for (const name of programs) {
  test(`${name}: what the compiler is given stays as it is, and the name of process.json is nowhere`, () => {
    const one = readCase(name);
    const other = readCase(name, { processFile: '/tmp/exec-process-1', see: freeze });
    for (const kind of one.kinds) assert.equal(encode(other.compile(kind)), encode(one.compile(kind)));
  });
}

test.run();

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LookKind } from '../../spec/looks.js';
import type { NormalHook, NormalHooks } from '../../spec/normal-config.js';
import { Looks } from '../host/looks.js';
import { hookFiles } from './origin.js';

const none: NormalHooks = {
  prestart: [],
  createRuntime: [],
  createContainer: [],
  startContainer: [],
  poststart: [],
  poststop: [],
};
const hook = (path: string, ...args: readonly string[]): NormalHook => ({
  path,
  args: [args[0] ?? path, ...args.slice(1)],
  env: null,
  timeoutSeconds: null,
});
const definition = (path: string, stages: readonly string[], args?: readonly string[]): string =>
  JSON.stringify({ version: '1.0.0', hook: { path, args }, when: { always: true }, stages });

function within(
  files: Readonly<Record<string, string>>,
  run: (directories: readonly string[]) => void,
): void {
  const base = mkdtempSync(join(tmpdir(), 'origin-test-'));
  try {
    const directories = ['one', 'two'].map(name => join(base, name));
    for (const directory of directories) mkdirSync(directory);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(base, name), text);
    run(directories);
  } finally {
    rmSync(base, { recursive: true });
  }
}

const found = (hooks: Partial<NormalHooks>, directories: readonly string[]): readonly string[] =>
  [...hookFiles({ ...none, ...hooks }, new Looks(), directories)].map(
    ([at, file]) => `${at} ${file.split('/').slice(-2).join('/')}`,
  );

test('by stage, program and arguments', () =>
  within(
    {
      'one/a.json': definition('/x', ['poststop', 'prestart']),
      'one/b.json': definition('/x', ['prestart'], ['x', '-v']),
      'one/c.json': definition('/y', ['prestart'], []),
    },
    directories => {
      const prestart = [hook('/other'), hook('/x'), hook('/x', 'x', '-v'), hook('/x', 'x'), hook('/y')];
      assert.equal(found({ prestart, poststart: [hook('/x')] }, directories), [
        'hooks.prestart[1] one/a.json',
        'hooks.prestart[2] one/b.json',
        'hooks.prestart[4] one/c.json',
      ]);
    },
  ));

test('of equal names the later directory counts; files stand in the order of their names, each once', () =>
  within(
    {
      'one/b.json': definition('/x', ['poststop']),
      'two/b.json': definition('/x', ['poststop']),
      'two/a.json': definition('/x', ['poststop']),
      'two/.d.json': definition('/x', ['poststop']),
    },
    directories =>
      assert.equal(found({ poststop: [hook('/x'), hook('/x'), hook('/x')] }, directories), [
        'hooks.poststop[0] two/a.json',
        'hooks.poststop[1] two/b.json',
      ]),
  ));

test('a stage that is named twice is one', () => {
  const stages = Array.from({ length: 3000 }, () => 'poststop');
  within(
    { 'one/a.json': definition('/x', stages), 'one/b.json': definition('/x', ['poststop']) },
    directories =>
      assert.equal(found({ poststop: [hook('/x'), hook('/x'), hook('/x')] }, directories), [
        'hooks.poststop[0] one/a.json',
        'hooks.poststop[1] one/b.json',
      ]),
  );
});

test('what is no file of hooks.d is passed over: broken, large, of other types, a fifo', () =>
  within(
    {
      'one/a.json': '{',
      'one/b.json': '[]',
      'one/c.json': '{"hook":{"path":1,"args":"x"},"stages":"poststop"}',
      'one/d.json': `${definition('/x', ['poststop'])}${' '.repeat(64 * 1024)}`,
    },
    directories => {
      execFileSync('mkfifo', [join(directories[0] ?? '', 'e.json')]);
      assert.equal(found({ poststop: [hook('/x')] }, [...directories, '/nonexistent']), []);
    },
  ));

test('what it looks at is told, where the engine could look at it', () => {
  const files = { 'one/a.json': definition('/x', ['poststop']), 'one/b.json': '{' };
  const looksAt = (directories: readonly string[], hooks: Partial<NormalHooks>): Looks => {
    const looks = new Looks();
    hookFiles({ ...none, ...hooks }, looks, directories);
    return looks;
  };
  const poststop = [hook('/x')];
  within(files, directories => {
    const [one = '', two = ''] = directories;
    assert.is(looksAt(directories, {}).length, 0);
    const looks = looksAt([...directories, '/nonexistent'], { poststop });
    const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
    const all = looks
      .since(0)
      .map(({ kind, path, found }) => [kind, path, found === null ? null : new Uint8Array(found)]);
    const [first, ...others] = all;
    // In the order of the directory.
    assert.equal(first?.slice(0, 2), [LookKind.NAMES, one]);
    assert.equal(others, [
      [LookKind.NAMES, two, bytes('')],
      [LookKind.NAMES, '/nonexistent', null],
      [LookKind.TEXT, join(one, 'a.json'), bytes(files['one/a.json'])],
      [LookKind.TEXT, join(one, 'b.json'), bytes('{')],
    ]);
    assert.ok(looks.bytes() !== null);
    for (const make of [
      (path: string) => writeFileSync(path, ' '.repeat(64 * 1024 + 1)),
      (path: string) => execFileSync('mkfifo', [path]),
      (path: string) => mkdirSync(path),
      // A name could stand behind it.
      (path: string) => writeFileSync(path, '"\\u0061"'),
    ]) {
      const path = join(two, 'c.json');
      make(path);
      assert.is(looksAt(directories, { poststop }).bytes(), null);
      rmSync(path, { recursive: true });
    }
    assert.is(looksAt([join(one, 'a.json')], { poststop }).bytes(), null);
  });
});

test.run();

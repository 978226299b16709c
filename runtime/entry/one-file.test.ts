/** The compiler as one executable (`make bun`): the same programs, and nothing that lies where its caller is. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const compiler = 'build/bun/chos-compiler';

/** A test of ours as this engine runs it. */
const passes = (name: string): void => {
  const { status, stdout, stderr } = spawnSync(compiler, [`build/unit/${name}.test.mjs`], {
    env: { BUN_BE_BUN: '1', PATH: '/usr/bin:/bin' },
    encoding: 'utf8',
  });
  assert.is(status, 0, `${stdout}${stderr}`);
};

test('it makes the golden programs', () => passes('runtime/compile/golden/golden'));
test('it encodes as Node does', () => passes('runtime/program/encode'));
test('it reads directories as Node does', () => passes('runtime/store/entries'));
test('it hashes files in threads', () => passes('runtime/store/digest'));
test('it starts itself to look at files', () => passes('runtime/host/answers'));

test('a directory, a home and an environment that are made for it change nothing', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chos-hostile-'));
  const mark = join(directory, 'mark');
  const evil = join(directory, 'evil.js');
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  write('evil.js', `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`);
  write('bunfig.toml', `preload = ["${evil}"]\n`);
  write('.bunfig.toml', `preload = ["${evil}"]\n`);
  write('.env', `BUN_OPTIONS=--preload=${evil}\nNODE_OPTIONS=--require=${evil}\n`);
  write('tsconfig.json', '{"compilerOptions": {"baseUrl": ".", "paths": {"*": ["./evil.js"]}}}');
  write('package.json', '{"name": "koffi", "main": "evil.js", "imports": {"#*": "./evil.js"}}');
  mkdirSync(join(directory, 'node_modules/koffi'), { recursive: true });
  write('node_modules/koffi/index.js', `require(${JSON.stringify(evil)})`);
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: directory,
    XDG_CONFIG_HOME: directory,
    BUN_OPTIONS: `--preload=${evil}`,
    BUN_BE_BUN: '1',
    NODE_OPTIONS: `--require=${evil}`,
    NODE_PATH: join(directory, 'node_modules'),
  };
  // The last loads koffi.
  for (const args of [['features'], ['tree', 'list'], ['delete', '--regex', '^nobody$']]) {
    const { status, stderr } = spawnSync(join(process.cwd(), 'build/bun/chos-runtime'), args, {
      cwd: directory,
      env,
      encoding: 'utf8',
    });
    assert.is(status, 0, stderr);
    assert.not(existsSync(mark), args.join(' '));
  }
  rmSync(directory, { recursive: true });
});

test.run();

/** The compiler as one executable (`make bun`): the same programs, and nothing that lies where its caller is. */
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

test('it knows the name of a user', () => {
  const who = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const owner = (engine: string): unknown => {
    const out = spawnSync(engine, ['facts'], { ...who, cwd: '/', env: {}, encoding: 'utf8' }).stdout;
    return /"owner": "(.*)"/.exec(out)?.[1];
  };
  const [node, bun] = ['chos-runtime', 'bun/chos-runtime'].map(name =>
    owner(join(process.cwd(), 'build', name)),
  );
  assert.type(node, 'string');
  // Whom only a directory service knows is a number there.
  assert.ok(bun === node || bun === String(who.uid ?? process.getuid?.()), `${bun}, not ${node}`);
});

test('it answers as a service, with what it compiles cold', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'chos-serve-'));
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (nobody.uid !== undefined) chownSync(directory, nobody.uid, nobody.gid);
  const engine = join(process.cwd(), 'build/bun/chos-runtime');
  const as = { cwd: '/', env: { XDG_RUNTIME_DIR: directory }, ...nobody };
  const call = (input: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(engine, args, { ...as, input, encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  // An engine waits 0.3 s for an answer: on a busy machine, and as long as the service warms up, it is asked again.
  const warm = (input: string, ...args: readonly string[]) => {
    const end = performance.now() + 60_000;
    for (;;) {
      const ended = call(input, '--debug', ...args);
      if (!ended.stderr.includes('service was not used')) return ended;
      assert.ok(performance.now() < end, ended.stderr);
    }
  };
  const asked: readonly (readonly [input: string, ...args: readonly string[]])[] = [
    ['', 'list'],
    ['', 'features'],
    ['{"ociVersion": 1}', 'run', '-f', '-', 'id'],
  ];
  const cold = asked.map(one => call(...one));
  const service = spawn(engine, ['serve'], { ...as, stdio: 'ignore' });
  const ended = new Promise(resolve => service.on('exit', resolve));
  try {
    assert.equal(
      asked.map(([input, ...args]) => warm(input, ...args)),
      cold,
    );
    assert.is(cold[2]?.status, 1);
    service.kill('SIGTERM');
    assert.is(await ended, 0);
    assert.equal(readdirSync(join(directory, 'chos-runtime')), []);
  } finally {
    service.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }
});

test.run();

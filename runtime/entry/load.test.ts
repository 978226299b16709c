import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test("V8 accepts the cache with the engine's Node and its flags", () => {
  const [command = ''] = readFileSync('build/gen/node', 'utf8').split('\n');
  const [node = '', ...flags] = command.split(' ');
  const engine = readFileSync('build/chos-runtime', 'latin1');
  assert.ok(
    engine.includes([node, ...flags].join('\0')),
    'the engine starts another Node, or with other flags',
  );
  const script = `
    const { readFileSync } = require('node:fs');
    const code = readFileSync('build/chos-runtime-code.cjs', 'latin1');
    const cache = readFileSync('build/chos-runtime-code.cache');
    const script = new (require('node:vm').Script)(code, { cachedData: cache.subarray(64) });
    console.log(code.endsWith(cache.toString('latin1', 0, 64)), script.cachedDataRejected);`;
  const out = execFileSync(node, [...flags, '-e', script], { env: {}, encoding: 'utf8' });
  assert.is(out, 'true false\n');
});

test('no module of the code that every start loads is imported on demand', () => {
  const code = readFileSync('build/chos-runtime-code.cjs', 'latin1');
  assert.ok(code.includes('chos-runtime-more.cjs'));
  // The names of esbuild's wrappers for modules that are evaluated later.
  assert.not.match(code, /\b__(esm|commonJS)\b/);
});

test('large input is read by a Node that draws its seed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chos-large-'));
  /** For each Node that is started, whether it keeps the hashes of its snapshot. */
  const nodes = (bytes: number): readonly boolean[] => {
    writeFileSync(
      join(directory, 'config.json'),
      `{"ociVersion": "1.3.0", "annotations": {"a": "${'x'.repeat(bytes)}"}}`,
    );
    const trace = join(directory, 'trace');
    const traced = [
      '-f',
      '-s',
      '200',
      '-e',
      'trace=execve',
      '-o',
      trace,
      'build/chos-runtime',
      'explain',
      directory,
    ];
    const { stderr } = spawnSync('strace', traced, { encoding: 'utf8' });
    // It is no whole config, so that nothing depends on who runs this.
    assert.match(stderr, 'config.json');
    const started = readFileSync(trace, 'utf8')
      .split('\n')
      .filter(line => line.includes('chos-runtime.cj'));
    return started.map(line => line.includes('--no-rehash-snapshot'));
  };
  assert.equal(nodes(1000), [true]);
  assert.equal(nodes(300_000), [true, false]);
  rmSync(directory, { recursive: true });
});

test.run();

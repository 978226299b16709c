import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

test.run();

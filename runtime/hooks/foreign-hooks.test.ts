import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LookKind } from '../../spec/looks.js';
import { admit } from '../admit/admit.js';
import { Looks } from '../host/looks.js';
import { foreignHooks } from './foreign-hooks.js';

const place = mkdtempSync(join(tmpdir(), 'foreign-hooks-'));
const euid = process.geteuid?.() ?? 0;

/** How many warnings there are of a hook with that program, in that stage; and the ways that were looked at. */
function judged(path: string, stage = 'createRuntime'): readonly [number, readonly string[]] {
  const text = JSON.stringify({
    ociVersion: '1.0.2',
    process: { args: ['/bin/true'], cwd: '/' },
    root: { path: 'rootfs' },
    hooks: { [stage]: [{ path }] },
  });
  const admitted = admit({ file: 'config.json', text });
  if (admitted.kind === 'refused') throw new Error('config.json is refused');
  const looks = new Looks();
  const warnings = foreignHooks(admitted.spec, euid, looks);
  const all = looks.since(0);
  assert.ok(all.every(({ kind }) => kind === LookKind.WAY));
  return [warnings.length, all.map(one => one.path)];
}

test('whose program others can change, wherever the kernel finds it; else its way is looked at again', () => {
  const [a, b] = [join(place, 'a'), join(place, 'a/b')];
  for (const directory of [a, b]) mkdirSync(directory, { mode: 0o755 });
  for (const name of ['hook', 'a/hook']) writeFileSync(join(place, name), '', { mode: 0o755 });
  symlinkSync('a/b', join(place, 'l'));
  // What `..` is behind the link is `a`.
  const behind = `${place}/l/../hook`;
  for (const path of [join(a, 'hook'), behind]) assert.equal(judged(path), [0, [path]]);
  chmodSync(a, 0o777);
  for (const path of [join(a, 'hook'), behind]) assert.equal(judged(path), [1, []]);
  assert.equal(judged(join(place, 'hook')), [0, [join(place, 'hook')]]);
  assert.equal(judged(join(a, 'hook'), 'startContainer'), [0, []]);
});

test.after(() => rmSync(place, { recursive: true }));
test.run();

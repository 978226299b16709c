import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answer } from '../entry/dispatch.js';
import { defaultConfig } from './default-config.js';
import { absolute } from './invocation.js';
import { ownRequest } from './own-request.js';

const state = mkdtempSync(join(tmpdir(), 'chos-nameless-'));
/** The engine has read its config.json: it is in that directory. */
const input = { kind: 'bytes', bytes: Buffer.from(JSON.stringify(defaultConfig())) } as const;
const here = (...argv: readonly string[]) => ({ ...ownRequest(argv, { cwd: '' }), input });

test('a bundle in a directory without a name is not looked for in ours', async () => {
  for (const bundle of [[], ['--bundle', '../b']])
    assert.equal(await answer(here('--root', state, 'create', ...bundle, 'one')), {
      kind: 'report',
      exitCode: 1,
      out: '',
      message: `find the absolute path of \`${bundle[1] ?? '.'}\`: No such file or directory`,
      detail: '',
    });
  const named = await answer(here('--root', state, 'create', '--bundle', '/b', 'one'));
  assert.not.match(JSON.stringify(named), 'absolute path');
});

test('nothing is below the path of what is in it', () => {
  const request = here();
  assert.equal(
    ['a', '../../a', '.', '/a/../b'].map(path => absolute({ request }, path)),
    ['/dev/null/a', '/dev/null/a', '/dev/null/', '/b'],
  );
});

test('what needs no directory does not fail for it', async () => {
  assert.is((await answer(here('--root', state, 'list', '-q'))).kind, 'report');
});

test.after(() => rmSync(state, { recursive: true }));

test.run();

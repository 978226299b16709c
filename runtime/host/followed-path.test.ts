import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { followedPath } from './followed-path.js';

const place = realpathSync(mkdtempSync(join(tmpdir(), 'followed-')));
mkdirSync(join(place, 'u/v'), { recursive: true });
symlinkSync('u/v', join(place, 'l'));

test('as the kernel follows it', () => {
  const of = (path: string): string => followedPath(place, path);
  assert.is(of('.'), place);
  assert.is(of('l/x/./y//'), join(place, 'l/x/y'));
  assert.is(of('l/../b'), join(place, 'u/b'));
  assert.is(of(`${place}/l/../../b`), join(place, 'b'));
  assert.is(of('l/../v/..'), join(place, 'u'));
  assert.is(of('../../../../../..'), '/');
  assert.is(of('/..'), '/');
  assert.is(of('none/../b'), join(place, 'b'));
  assert.is(of('..b/c..'), join(place, '..b/c..'));
});

test.after(() => rmSync(place, { recursive: true }));
test.run();

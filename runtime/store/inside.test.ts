import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { removeAll } from './inside.js';

const base = mkdtempSync('/tmp/inside-');
test.after(() => void spawnSync('rm', ['-rf', base]));

/** As an archive makes it: half of the way is behind a link. */
function removed(name: string, half: string): void {
  const deep = `${base}/${name}`;
  mkdirSync(`${deep}/${half}`, { recursive: true });
  symlinkSync(half, `${deep}/way`);
  mkdirSync(`${deep}/way/${half}`, { recursive: true });
  writeFileSync(`${base}/beside`, '');
  removeAll(Buffer.from(deep).toString('latin1'));
  assert.equal([existsSync(deep), existsSync(`${base}/beside`)], [false, true]);
}

test('what is deeper than a path can be long is removed, whatever its name', () => {
  removed('tr\u00e9', `${'d'.repeat(200)}/`.repeat(15));
});

test('what is deeper than a recursion can be is removed', () => {
  removed('steps', 'd/'.repeat(1150));
});

test.run();

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chosForms, chosUsage, chosVariables } from '../chos-command.js';
import { chosPage } from './chos-page.js';
import { escapeRoff } from './man.js';

test('every form is on the page and in --help', () => {
  const page = chosPage('1.2.3');
  for (const { usage, about } of chosForms) {
    assert.ok(page.includes(escapeRoff(usage)), usage);
    assert.ok(chosUsage.includes(`chos ${usage}`), usage);
    assert.ok(chosUsage.includes(`${about}\n`), about);
  }
});

test('every option that the command knows, and its letter', () => {
  const page = chosPage('1.2.3');
  const text = readFileSync('runtime/engine/chos/main.c', 'utf8');
  const known = [...text.matchAll(/"(--\w+)", "(-\w)"/g)];
  assert.ok(known.length >= 5);
  for (const [, long = '', short = ''] of known) {
    assert.ok(page.includes(escapeRoff(`${short}, ${long}`)), long);
    assert.match(chosUsage, new RegExp(`^.*${short}.* in one letter$`, 'm'));
  }
});

test('every variable that the command reads is on the page, but those of Grid Engine', () => {
  const directory = 'runtime/engine/chos';
  const text = readdirSync(directory)
    .map(name => readFileSync(join(directory, name), 'utf8'))
    .join('');
  const read = [...text.matchAll(/variable\("(\w+)"\)|#define \w*MARK "(\w+)"/g)].flatMap(
    ([, name, mark]) => name ?? mark ?? [],
  );
  const told = chosVariables.flatMap(([names]) => names.split(', '));
  assert.equal(
    [...new Set(read)].filter(name => !/^SGE_|^CHOS_PUBLIC$/.test(name) && !told.includes(name)),
    [],
  );
  assert.ok(read.length > 5);
});

test.run();

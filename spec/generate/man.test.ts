import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { actionWords } from '../commands/action-words.js';
import { commands, globalOptions } from '../commands.js';
import { chosPage } from './chos-page.js';
import { filePages } from './file-pages.js';
import { escapeRoff, manPages, optionEntries } from './man.js';
import { notes } from './man-notes.js';
import { pamPage } from './pam-page.js';

const pages = manPages('1.2.3');
const page = (name: string): string => pages.get(`${name}.8`) ?? '';

test('a page for each command that is carried out, and none for those that are not', () => {
  const shown = commands
    .filter(({ support }) => support !== 'later')
    .map(({ name }) => `chos-runtime-${name}.8`);
  assert.equal([...pages.keys()].sort(), ['chos-runtime.8', ...shown].sort());
});

test('every option of a command is on its page', () => {
  for (const { name, options, support } of commands) {
    if (support === 'later') continue;
    for (const { long } of options)
      assert.ok(page(`chos-runtime-${name}`).includes(escapeRoff(`--${long}`)), `${name} --${long}`);
  }
});

test('two letters for one option make one entry', () => {
  assert.is(globalOptions.filter(({ long }) => long === 'version').length, 2);
  assert.is(optionEntries(globalOptions).filter(entry => entry.includes(escapeRoff('--version'))).length, 1);
});

test('a line of text is never taken for a request of roff', () => {
  assert.is(escapeRoff('./env\n.'), '\\&./env\n\\&.');
  assert.is(escapeRoff("a\\n 'b'"), "a\\en 'b'");
  assert.is(escapeRoff("'b'"), "\\&'b'");
});

test('notes belong to commands', () => {
  const names = new Set(['', ...commands.map(({ name }) => name)]);
  assert.equal(
    Object.keys(notes).filter(name => !names.has(name)),
    [],
  );
});

test('every action of a command is explained on its page, and no other', () => {
  for (const { name, actions = [] } of commands) {
    assert.equal(Object.keys(actionWords[name] ?? {}).sort(), [...actions].sort(), name);
    for (const action of actions)
      assert.ok(
        page(`chos-runtime-${name}`).includes(escapeRoff(actionWords[name]?.[action] ?? '?')),
        action,
      );
  }
});

test('man(1) has nothing to warn of', () => {
  const all = spawnSync('groff', ['-man', '-Tutf8', '-rLL=78n', '-ww', '-z'], {
    input: [...pages.values(), chosPage('1.2.3'), pamPage('1.2.3'), ...filePages('1.2.3').values()].join(''),
    encoding: 'utf8',
  });
  assert.equal([all.status, all.stderr], [0, '']);
});

test('an option that is refused says so', () => {
  for (const { name, support, options } of commands)
    if (support !== 'later' && options.some(({ refused }) => refused))
      assert.match(page(`chos-runtime-${name}`), /refused by this version/);
});

test.run();

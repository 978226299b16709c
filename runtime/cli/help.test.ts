import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { actionWords } from '../../spec/commands/action-words.js';
import { commands } from '../../spec/commands.js';
import { help } from './help.js';

const pageOf = (name: string, action?: string): string => {
  const command = commands.find(one => one.name === name);
  const page = help(command ?? null, action);
  if (page.kind !== 'done') throw new Error(page.kind);
  return page.out;
};
const squeezed = (text: string): string => text.replace(/\s+/g, ' ');

test('the page of each action has its operands, its words and its own options', () => {
  for (const { name, operands = {}, options } of commands)
    for (const [action, usage] of Object.entries(operands)) {
      const page = pageOf(name, action);
      const [first = ''] = page.split('\n');
      assert.is(first, `Usage: chos-runtime ${name} ${action} [options] ${usage}`.trimEnd());
      assert.ok(squeezed(page).includes(squeezed(actionWords[name]?.[action] ?? '?')), `${name} ${action}`);
      for (const { long, actions } of options)
        assert.is(
          new RegExp(`--${long}\\b(?!-)`).test(page.slice(page.indexOf('\nOptions:'))),
          actions?.includes(action) ?? true,
          `${name} ${action} --${long}`,
        );
    }
  assert.match(pageOf('tree', 'drain'), /--deadline <DURATION> +give up then/);
});

test('the page of a command lists its actions, and that of none all commands', () => {
  assert.match(pageOf('tree'), /^ {2}tree drain NAME\[@GENERATION\]$/m);
  assert.match(pageOf('nonsense'), /^ {2}dashboard +a web page/m);
});

test.run();

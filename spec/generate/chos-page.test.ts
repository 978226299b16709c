import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chosForms, chosUsage } from '../chos-command.js';
import { chosCompletion, chosPage } from './chos-page.js';
import { escapeRoff } from './man.js';

test('every form is on the page and in --help', () => {
  const page = chosPage('1.2.3');
  for (const { usage, about } of chosForms) {
    assert.ok(page.includes(escapeRoff(usage)), usage);
    assert.ok(chosUsage.includes(`chos ${usage}`), usage);
    assert.ok(chosUsage.includes(`${about}\n`), about);
  }
});

/** What bash offers for the last of the words. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `${chosCompletion().replace('/run/chos/trees', '-')}
_command_offset() { COMPREPLY=("command $1"); }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _chos; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const input = 'chos 1\ndefault alma9\ntree alma9\nshell sh\ntree debian12\n';
  const { stdout } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8', input });
  return stdout.trim().split('\n');
}

test('bash completes names, options, and behind them commands', () => {
  assert.equal(offered('chos', 'd'), ['debian12']);
  assert.equal(offered('chos', '--s'), ['--set']);
  assert.equal(offered('chos', '--set', ''), ['alma9', 'debian12']);
  assert.equal(offered('chos', '--set', 'alma9', ''), ['']);
  assert.equal(offered('chos', '--which', 'a'), ['alma9']);
  assert.equal(offered('chos', 'alma9', 'l'), ['command 2']);
  assert.equal(offered('chos', 'alma9', '--', 'l'), ['command 3']);
  assert.equal(offered('chos', '--', 'l'), ['command 2']);
  assert.equal(offered('chos', '--list', 'x'), ['']);
});

test.run();

import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bashCompletion } from './bash-completion.js';

/** What bash would offer for the last word. The runtime itself is a stand-in that knows one container and one tree. */
function offers(...line: readonly string[]): readonly string[] {
  const script = `chos-runtime() { case "$*" in 'list --quiet') echo web ;; 'tree list') printf 'NAME\\ndebian13\\n' ;; esac; }
${bashCompletion()}
COMP_WORDS=(chos-runtime "$@"); COMP_CWORD=$#; _chos_runtime; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['-c', script, 'bash', ...line], { encoding: 'utf8' });
  return out.split('\n').filter(word => word !== '');
}

test('commands, also behind global options and their values', () => {
  assert.equal(offers('exp'), ['explain']);
  assert.equal(offers('--root', '/r', '--debug', 'sta'), ['start', 'state']);
});

test('commands and options that are refused are not offered', () => {
  assert.equal(offers('checkp'), []);
  assert.equal(offers('kill', '--reg'), []);
});

test('options of the command', () => {
  assert.equal(offers('kill', '--a'), ['--all']);
  assert.equal(offers('exec', '--no'), ['--no-new-privs']);
});

test('containers, trees', () => {
  assert.equal(offers('state', ''), ['web']);
  assert.equal(offers('delete', '-f', ''), ['web']);
  assert.equal(offers('run', ''), []);
  assert.equal(offers('tree', 'pre'), ['prepare']);
  assert.equal(offers('tree', 'prepare', ''), ['debian13']);
  assert.equal(offers('run', '--tree', 'd'), ['debian13']);
});

test('directories', () => {
  assert.ok(offers('run', '--bundle', '/us').includes('/usr'));
});

test.run();

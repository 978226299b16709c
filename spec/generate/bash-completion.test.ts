import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../commands.js';
import { bashCompletion } from './bash-completion.js';

/** What bash would offer for the last word. The runtime itself is a stand-in that knows one container and one tree. */
function offers(...line: readonly string[]): readonly string[] {
  const script = `chos-runtime() { case "$*" in 'list --quiet') echo web ;; '--root /r list --quiet') echo there ;; 'tree list') printf 'NAME\\ndebian13\\n' ;; esac; }
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
  for (const { name, support, options } of commands) {
    if (support === 'later') assert.equal(offers(name), []);
    for (const { long, refused } of support === 'later' ? [] : options)
      if (refused) assert.equal(offers(name, `--${long}`), []);
  }
});

test('options of the command', () => {
  assert.equal(offers('kill', '--a'), ['--all']);
  assert.equal(offers('exec', '--no'), ['--no-new-privs']);
});

test('options of the action that stands there', () => {
  assert.equal(offers('tree', 'prepare', '--'), ['--all', '--help']);
  assert.equal(offers('tree', '--x', 'release', '--'), ['--drain', '--force', '--help']);
  assert.equal(offers('tree', 'release', 'debian13', '--f'), ['--force']);
  assert.equal(offers('tree', 'list', '--'), ['--format', '--help']);
  assert.equal(offers('tree', 'load', '--'), ['--check', '--help']);
  assert.equal(offers('tree', 'check', '--'), ['--help']);
  assert.equal(offers('skeleton', 'create', '--'), ['--help']);
  assert.equal(offers('skeleton', 'remove', '--f'), ['--force']);
  // Before it stands there, it may be any.
  assert.equal(offers('tree', '--d'), ['--drain', '--digest', '--devices']);
});

test('containers, trees', () => {
  assert.equal(offers('state', ''), ['web']);
  assert.equal(offers('delete', '-f', ''), ['web']);
  assert.equal(offers('run', ''), []);
  assert.equal(offers('tree', 'pre'), ['prepare']);
  assert.equal(offers('tree', 'prepare', ''), ['debian13']);
  assert.equal(offers('run', '--tree', 'd'), ['debian13']);
});

test('verbs of commands that have some, and what they take', () => {
  assert.equal(offers('tree', 'l'), ['list', 'load']);
  assert.equal(offers('tree', 'list', ''), []);
  assert.equal(offers('skeleton', ''), ['create', 'check', 'remove']);
  assert.ok(offers('skeleton', 'create', '/us').includes('/usr'));
  assert.ok(offers('tree', 'check', '/etc/pass').includes('/etc/passwd'));
  assert.equal(offers('tree', 'check', 'deb'), ['debian13']);
});

test('values of options that have few', () => {
  assert.equal(offers('--log-format', ''), ['text', 'json']);
  assert.equal(offers('list', '--format', 'j'), ['json']);
  assert.equal(offers('explain', '--format', ''), ['text', 'json']);
  assert.equal(offers('--log-level', 'e'), ['error']);
  assert.equal(offers('kill', 'web', 'WIN'), ['WINCH']);
  // A value that can be anything.
  assert.equal(offers('exec', '--user', ''), []);
});

test('a value behind "=", as bash takes it apart and whole', () => {
  assert.equal(offers('--log-format', '=', 'j'), ['json']);
  assert.equal(offers('--log-format', '='), ['text', 'json']);
  assert.equal(offers('run', '--tree', '=', 'deb'), ['debian13']);
  assert.equal(offers('run', '--tree=deb'), ['--tree=debian13']);
});

test('containers are those of the state root on the line', () => {
  assert.equal(offers('--root', '/r', 'state', ''), ['there']);
  assert.equal(offers('--root', '=', '/r', 'state', ''), ['there']);
  assert.equal(offers('--root=/r', 'state', ''), ['there']);
  assert.equal(offers('state', 'web', ''), []);
});

test('directories', () => {
  assert.ok(offers('run', '--bundle', '/us').includes('/usr'));
});

test.run();

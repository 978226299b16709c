import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Failure } from './failure.js';
import { failureText } from './failure-text.js';

/** What callers look for: Podman, containerd and CRI-O tell by these words what went wrong. */
test('the words by which Podman, containerd and CRI-O tell failures apart', () => {
  const cases: readonly (readonly [Failure, RegExp])[] = [
    [{ kind: 'no-container', id: 'c1' }, /^container `c1` does not exist$/],
    [{ kind: 'not-running', id: 'c1', verb: 'kill' }, /container not running/],
    [{ kind: 'half-created', id: 'c1', verb: 'kill' }, /container not running/],
    [
      { kind: 'file', verb: 'open', path: '/b/config.json', code: 'ENOENT' },
      /^open `\/b\/config.json`: No such file or directory$/,
    ],
    [{ kind: 'file', verb: 'open', path: 'x', code: 'EACCES' }, /permission denied/i],
    [{ kind: 'file', verb: 'open', path: 'x', code: 'EWHAT' }, /EWHAT/],
  ];
  for (const [failure, words] of cases) assert.match(failureText(failure), words);
});

test('a message is one line, whatever the caller gave', () => {
  const given = 'a\nb\u001b]0;title\u0007';
  const failures: readonly Failure[] = [
    { kind: 'bad-id', id: given },
    { kind: 'unknown-signal', signal: given },
    { kind: 'file', verb: 'open', path: given, code: 'EIO' },
    { kind: 'not-a-file', path: given },
    { kind: 'compiler-lost', why: given },
    { kind: 'unknown-tree', name: given, known: [], broken: [given] },
    { kind: 'usage', fault: { kind: 'unknown-command', given } },
  ];
  for (const failure of failures) assert.not.match(failureText(failure), /\p{Cc}/u);
});

test('an unknown tree close to a known one', () => {
  assert.match(
    failureText({ kind: 'unknown-tree', name: 'debain12', known: ['debian12'], broken: [] }),
    /did you mean `debian12`\?$/,
  );
});

test('an unknown action', () => {
  const actions = ['create', 'check', 'remove'];
  const said = (given: string): string =>
    failureText({ kind: 'usage', fault: { kind: 'unknown-action', command: 'skeleton', given, actions } });
  assert.is(said('creat'), 'unknown action `creat` of `skeleton`; did you mean `create`?');
  assert.is(said('make'), 'unknown action `make` of `skeleton`; see `chos-runtime skeleton --help`');
});

test.run();

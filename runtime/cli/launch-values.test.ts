import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readArguments } from './arguments.js';
import type { Invocation } from './invocation.js';
import { givenValues, listenEntries } from './launch-values.js';
import { ownRequest } from './own-request.js';
import { stateRoot } from './state-root.js';

const invocation = (args: readonly string[], environment: readonly string[] = [], handed = 5): Invocation => {
  const read = readArguments(args);
  if (read.kind !== 'command') throw new Error(JSON.stringify(read));
  const own = ownRequest(args, { environment, cwd: '/home/a' });
  const request = { ...own, caller: { ...own.caller, handed } };
  return { request, line: read.line, root: stateRoot(request, read.line, { euid: 0, owner: () => 0 }) ?? '' };
};

test('options with a parameter become values, others do not', () => {
  const given = givenValues(
    invocation(['--root', 'r', 'run', '-d', '--keep=false', '-b', 'b', '--pid-file=p', '--no-pivot', 'c1']),
  );
  assert.equal(given, { BUNDLE: 'b', PID_FILE: 'p', DETACH: 1, ROOT: '/home/a/r', ID: 'c1' });
});

test('the larger of --preserve-fds and LISTEN_FDS counts: Podman gives both for the same descriptors', () => {
  const environment = ['LISTEN_FDS=2', 'LISTEN_FDNAMES=a:b', 'LISTEN_PID=77'];
  const both = invocation(['create', '--preserve-fds=3', 'c1'], environment);
  const alone = invocation(['create', 'c1'], environment);
  assert.is(givenValues(both).PRESERVE_FDS, 3);
  assert.is(givenValues(alone).PRESERVE_FDS, 2);
  assert.equal(listenEntries(both), ['LISTEN_FDS=2', 'LISTEN_PID=1', 'LISTEN_FDNAMES=a:b']);
  assert.equal(listenEntries(invocation(['create', 'c1'], ['LISTEN_FDS=x'])), []);
  // Left over from a service whose descriptors are closed.
  const handed = (count: number) => invocation(['create', 'c1'], environment, count);
  assert.equal(listenEntries(handed(0)), []);
  assert.is(givenValues(handed(0)).PRESERVE_FDS, undefined);
  assert.equal(listenEntries(handed(1))[0], 'LISTEN_FDS=1');
});

test('the state root', () => {
  const { line, request } = invocation(['state', 'c1'], ['XDG_RUNTIME_DIR=/run/user/7']);
  const host = (euid: number) => ({ euid, owner: (path: string) => (path === '/run/user/7' ? 7 : 0) });
  assert.is(stateRoot(request, line, host(0)), '/run/chos-runtime');
  assert.is(stateRoot(request, line, host(7)), '/run/user/7/chos-runtime');
  assert.is(stateRoot(request, invocation(['--root=/r/', 'state', 'c1']).line, host(7)), '/r');
  // An empty variable is none.
  const without = { ...request, environment: ['XDG_RUNTIME_DIR='] };
  assert.is(stateRoot(without, line, host(7)), '/run/user/7/chos-runtime');
  assert.is(stateRoot(without, line, host(8)), null, 'that of somebody else');
});

test('root of a user namespace does not take /run, which is somebody else’s there', () => {
  const { line, request } = invocation(['state', 'c1'], ['XDG_RUNTIME_DIR=/run/user/7']);
  const inside = { euid: 0, owner: () => 65534 };
  assert.is(stateRoot(request, line, inside), '/run/user/7/chos-runtime');
  assert.is(stateRoot({ ...request, environment: [] }, line, inside), null);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { preparedLine } from './pins.js';

const share = (path: string, live: boolean, readonly = false) => ({
  path,
  source: path,
  place: path,
  readonly,
  live,
  at: null,
});

test('what was prepared, and what of it will not follow the host', () => {
  assert.is(preparedLine('a@1', { kind: 'tree' }, []), 'a@1 is prepared: 0 shares, the tree is its root');
  assert.is(
    preparedLine('a@1', { kind: 'skeleton', why: '/home is missing', entries: [] }, [share('/home', true)]),
    'a@1 is prepared: 1 share, its root is a skeleton, because /home is missing',
  );
  // A read-only one never does, and is not meant to.
  assert.is(
    preparedLine('a@1', { kind: 'tree' }, [share('/a', false), share('/b', false, true)]),
    "a@1 is prepared: 2 shares, the tree is its root; not live, because the host's mount is not shared: /a",
  );
});

test('files of the host are no shares', () => {
  const motd = { ...share('/etc/motd', false, true), from: '/run/chos/files/a/etc/motd' };
  assert.is(
    preparedLine('a@1', { kind: 'tree' }, [share('/home', true), motd]),
    'a@1 is prepared: 1 share, 1 file of the host, the tree is its root',
  );
});

test('a long list of paths is cut', () => {
  const line = preparedLine(
    'a@1',
    { kind: 'tree' },
    [...'0123456789'].map(name => share(`/${name}`, false)),
  );
  assert.match(line, / \/0 \/1 \/2 \/3 \/4 \/5 \/6 \/7$/);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type HostReader, ReadAhead } from './read-ahead.js';

/** A host that counts what is read of it, and has no file `none`. */
function counting(): HostReader & { readonly of: (path: string) => number } {
  const counts = new Map<string, number>();
  const read = (path: string): number => {
    counts.set(path, (counts.get(path) ?? 0) + 1);
    return counts.get(path) ?? 0;
  };
  return {
    of: path => counts.get(path) ?? 0,
    text: path => (read(path) > 0 && path === 'none' ? null : `${path} ${counts.get(path)}`),
    magicOf: read,
    link: path => `-> ${read(path)}`,
  };
}

test('each reading is given once', () => {
  const host = counting();
  const ahead = new ReadAhead(host);
  ahead.look(() => {
    ahead.text('a');
    ahead.text('none');
    ahead.magicOf('b');
    ahead.link('c');
  });
  assert.equal([ahead.text('a'), ahead.text('a'), ahead.text('other')], ['a 1', 'a 2', 'other 1']);
  assert.is(ahead.text('none'), null);
  assert.is(host.of('none'), 1, 'that there is nothing is a reading');
  assert.equal([ahead.magicOf('b'), ahead.magicOf('b')], [1, 2]);
  assert.equal([ahead.link('c'), ahead.link('c')], ['-> 1', '-> 2']);
});

test('who looks reads, and what is read twice is the later', () => {
  const ahead = new ReadAhead(counting());
  for (let i = 0; i < 2; i++) ahead.look(() => void ahead.text('a'));
  assert.is(ahead.text('a'), 'a 2');
  ahead.look(() => assert.equal([ahead.text('a'), ahead.text('a')], ['a 3', 'a 4']));
  assert.is(ahead.text('a'), 'a 4');
});

test('nothing is kept of what is forgotten, of an earlier look, or of one that failed', () => {
  const host = counting();
  const ahead = new ReadAhead(host);
  ahead.look(() => void ahead.text('a'));
  ahead.forget();
  assert.is(ahead.text('a'), 'a 2');
  ahead.look(() => void ahead.text('a'));
  ahead.look(() => void ahead.text('b'));
  assert.is(ahead.text('a'), 'a 4');
  ahead.look(() => {
    ahead.text('c');
    throw new Error('no descriptor');
  });
  assert.is(ahead.text('c'), 'c 2');
});

test.run();

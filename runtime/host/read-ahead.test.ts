import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PlaceMemory, probeCgroups } from './cgroup-facts.js';
import { Looks } from './looks.js';
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
  };
}

test('each reading is given once', () => {
  const host = counting();
  const ahead = new ReadAhead(host);
  ahead.look(() => {
    ahead.text('a');
    ahead.text('none');
    ahead.magicOf('b');
  });
  assert.equal([ahead.text('a'), ahead.text('a'), ahead.text('other')], ['a 1', 'a 2', 'other 1']);
  assert.is(ahead.text('none'), null);
  assert.is(host.of('none'), 1, 'that there is nothing is a reading');
  assert.equal([ahead.magicOf('b'), ahead.magicOf('b')], [1, 2]);
});

test('who looks reads, and of what is read twice the earlier is kept', () => {
  const ahead = new ReadAhead(counting());
  for (let i = 0; i < 2; i++) ahead.look(() => void ahead.text('a'));
  assert.is(ahead.text('a'), 'a 2');
  ahead.look(() => assert.equal([ahead.text('a'), ahead.text('a')], ['a 3', 'a 4']));
  assert.is(ahead.text('a'), 'a 3');
});

test('a mount that moves in the middle of a look is found where it is by all that come later', () => {
  const [V1, V2] = [0x27e0eb, 0x63677270];
  const usual = '/sys/fs/cgroup/memory';
  const line = (at: string, type: string, name: string): string =>
    `1 1 0:1 / ${at} rw - ${type} cgroup rw,${name}\n`;
  const v1 = ['cpu', 'pids', 'freezer'].map(name => line(`/sys/fs/cgroup/${name}`, 'cgroup', name)).join('');
  let moved = false;
  let moves = false;
  let others = '';
  const memory = (): string =>
    moved
      ? line(usual, 'cgroup2', '') + line('/mnt/memory', 'cgroup', 'memory')
      : line(usual, 'cgroup', 'memory');
  const host: HostReader = {
    text: path => (path === '/proc/self/mountinfo' ? v1 + memory() + others : null),
    magicOf: path => {
      if (!path.startsWith(usual)) return V1;
      const found = moved ? V2 : V1;
      moved ||= moves;
      return found;
    },
  };
  const ahead = new ReadAhead(host);
  const kept = new PlaceMemory();
  const lines = ['4:cpu:/', '3:pids:/', '2:freezer:/', '1:memory:/', ''].join('\n');
  const read = (path: string): string | null => (path === '/proc/self/cgroup' ? lines : ahead.text(path));
  const probe = (): string =>
    JSON.stringify(
      probeCgroups({
        places: { find: (text, make) => kept.find(text, read, new Looks(), make) },
        magicOf: ahead.magicOf,
        read,
      }),
    );
  probe();
  assert.match(probe(), `"${usual}"`);
  others = line('/else', 'cgroup2', '');
  moves = true;
  ahead.look(() => void probe());
  probe();
  ahead.forget();
  assert.match(probe(), '"/mnt/memory"');
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

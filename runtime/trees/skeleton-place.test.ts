import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ownMounts, sourcesAt } from './skeleton-place.js';

const line = (id: number, parent: number, point: string, source: string): string =>
  `${id} ${parent} 0:50 / ${point} rw - tmpfs ${source} rw`;

test('mounts on one path from below, whatever the order of their lines', () => {
  const text = [
    line(30, 40, '/chos', 'chos-skeleton'),
    line(1, 0, '/', 'root'),
    line(40, 1, '/chos', 'chos-carrier'),
  ];
  assert.equal(sourcesAt(text.join('\n'), '/chos'), ['chos-carrier', 'chos-skeleton']);
  assert.equal(sourcesAt(text.join('\n'), '/srv'), []);
});

test('ours are those on top', () => {
  assert.is(ownMounts(['chos-carrier', 'chos-skeleton']), 2);
  assert.is(ownMounts(['disk', 'chos-carrier']), 1);
  assert.is(ownMounts(['chos-carrier', 'disk']), 0);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine } from '../report/diagnostic.js';
import { parseClassicFile } from './classic-file.js';

const said = (text: string): readonly string[] => {
  const read = parseClassicFile('/etc/chos', text);
  return read.kind === 'refused' ? read.diagnostics.map(oneLine) : [];
};
const trees = (text: string): readonly (readonly [string, string, number])[] => {
  const read = parseClassicFile('/etc/chos', text);
  return read.kind === 'read' ? read.file.trees.map(({ name, path, line }) => [name, path, line]) : [];
};

test('aliases, comments, blank lines and spaces', () => {
  const text = '# trees\n\n%SHELLS\nsl7: /os/sl7  # the old one\n  deb12:/os/debian12\n';
  assert.equal(trees(text), [
    ['sl7', '/os/sl7', 4],
    ['deb12', '/os/debian12', 5],
  ]);
});

test('a path may be its own alias, or that of another', () => {
  assert.equal(trees('%SHELLS\n/os/a\n/os/old:/os/new\n'), [
    ['/os/a', '/os/a', 2],
    ['/os/old', '/os/new', 3],
  ]);
});

test('other sections are skipped', () => {
  assert.equal(trees('%ENV\nPATH=/bin\n%SHELLS\na:/os/a\n').length, 1);
});

test('faults have their line and column', () => {
  assert.equal(said('%SHELLS\na:os/a\n'), ['/etc/chos:2:1: a must be an absolute path, not os/a']);
  assert.match(
    said('a:/os/a\n')[0] ?? '',
    /^\/etc\/chos:1:1: expected `alias:\/absolute\/path` in a section/,
  );
  assert.match(said('%SHELLS\n:/os/a\n')[0] ?? '', /expected `alias:/);
  assert.match(said('%SHELLS\n-x:/os/a\n')[0] ?? '', /a name that no tree can have/);
  assert.equal(said('%SHELLS\na:/os/a\na:/os/b\n'), [
    '/etc/chos:3:1: a is registered already, in /etc/chos:2',
  ]);
});

test.run();

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseJsonFile } from './json-file.js';
import { type EntryFiles, isPublicName, treesText, writePublicFiles } from './public-files.js';
import { mergeFiles } from './read-registry.js';
import type { Registry } from './registry.js';

const scratch = mkdtempSync(join(tmpdir(), 'chos-public-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

function registryOf(content: unknown): Registry {
  const read = parseJsonFile('/etc/chos.d/a.json', JSON.stringify(content));
  if (read.kind === 'refused') throw new Error('refused');
  return mergeFiles([read.file]);
}

const textOf = (content: unknown, refused: Readonly<Record<string, string>> = {}): string =>
  treesText(registryOf(content), new Map(Object.entries(refused)));

test('what the registry says of each tree, one thing in a line', () => {
  const trees = {
    a: { path: '/os/a', description: 'A\ntree', env: ['X=1', 'Y=a\nb\\c', 'Z='] },
    b: { path: '/os/b', shell: '/bin/zsh' },
  };
  assert.equal(textOf({ trees, default: 'b' }, { b: 'two\nlines' }).split('\n'), [
    'chos 1',
    'default b',
    'tree a',
    'description A tree',
    'shell sh',
    'env X=1',
    'env Y=a\\nb\\\\c',
    'env Z=',
    'tree b',
    'shell /bin/zsh',
    'refused two\\nlines',
    '',
  ]);
});

test('choices, each with its one condition, in their order', () => {
  const choices = [
    { user: 'anna', tree: 'a' },
    { group: 'physics', tree: 'default' },
    { host: 'gpu*', tree: 'gone' },
  ];
  assert.is(
    textOf({ trees: { a: { path: '/os/a' } }, choices }),
    'chos 1\nuser anna a\ngroup physics default\nhost gpu* gone\ntree a\nshell sh\n',
  );
});

test('what becomes of the environment of the caller', () => {
  const environment = {
    keep: ['LANG', 'LC_*'],
    unset: ['LD_*'],
    set: ['EDITOR=vi'],
    path: ['/usr/bin', '/bin'],
  };
  const trees = {
    a: { path: '/os/a', env: ['SITE=1'], environment },
    b: { path: '/os/b', environment: { keep: [] } },
  };
  assert.equal(textOf({ trees }).split('\n').slice(1), [
    'tree a',
    'shell sh',
    'keep LANG',
    'keep LC_*',
    'keep =',
    'unset LD_*',
    'env SITE=1',
    'env EDITOR=vi',
    'env PATH=/usr/bin:/bin',
    'tree b',
    'shell sh',
    'keep =',
    '',
  ]);
});

test('a shell that would end the line is left out, and without a default there is none', () => {
  assert.is(textOf({ trees: { a: { path: '/os/a', shell: 'x\ntree evil' } } }), 'chos 1\ntree a\n');
});

test('names that no file could have, or that would end the line, are not for users', () => {
  assert.equal(['a', '/os/a b', '/a\nb', '/a\x1bb', `/${'x'.repeat(250)}`].map(isPublicName), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

const image = (text: string): EntryFiles => ({ image: Buffer.from(text), link: null });
const files = (place: string, of = 'entries') => readdirSync(join(place, of)).sort();
const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);

test('files for all to read, whatever the umask', () => {
  const place = join(scratch, 'modes');
  const before = process.umask(0o077);
  writePublicFiles(place, { trees: 'chos 1\n', entries: new Map([['/os/a', image('x')]]), all: true });
  process.umask(before);
  assert.equal(files(place), ['%2Fos%2Fa']);
  assert.equal([place, join(place, 'entries')].map(mode), ['755', '755']);
  assert.equal([join(place, 'trees'), join(place, 'entries/%2Fos%2Fa')].map(mode), ['644', '644']);
  assert.is(readFileSync(join(place, 'entries/%2Fos%2Fa'), 'utf8'), 'x');
});

test('those that are not named go only when all are written; drafts of a killed command too', () => {
  const place = join(scratch, 'some');
  const entries = new Map<string, EntryFiles>([
    ['a', image('a')],
    ['b', image('b')],
  ]);
  writePublicFiles(place, { trees: 't', entries, all: true });
  writePublicFiles(place, { trees: 't', entries: new Map([['a', image('new')]]), all: false });
  assert.equal(files(place), ['a', 'b']);
  assert.is(readFileSync(join(place, 'entries/a'), 'utf8'), 'new');
  writePublicFiles(place, { trees: 't', entries: new Map([['a', { image: null, link: null }]]), all: false });
  assert.equal(files(place), ['b']);
  writePublicFiles(join(scratch, 'some'), { trees: 't', entries: new Map([['c', image('c')]]), all: true });
  assert.equal(files(place), ['c']);
});

test('what is entered by the link, for logins: two lines; a path that would be more is none', () => {
  const place = join(scratch, 'links');
  const by = (path: string): EntryFiles => ({ image: null, link: { path, skeleton: '/chos' } });
  const entries = new Map([
    ['/os/a', by('/os/a')],
    ['b', by('/os/b\n/c')],
    ['c', image('c')],
  ]);
  writePublicFiles(place, { trees: 't', entries, all: true });
  assert.equal(files(place, 'links'), ['%2Fos%2Fa']);
  assert.is(readFileSync(join(place, 'links/%2Fos%2Fa'), 'utf8'), '/os/a\n/chos\n');
  assert.equal([join(place, 'links'), join(place, 'links/%2Fos%2Fa')].map(mode), ['755', '644']);
  writePublicFiles(place, { trees: 't', entries: new Map([['/os/a', image('a')]]), all: false });
  assert.equal(files(place, 'links'), []);
});

test('a reader has the old file or the new one', () => {
  const place = join(scratch, 'rename');
  const entries = new Map([['a', image('one')]]);
  writePublicFiles(place, { trees: 't', entries, all: true });
  const { ino } = statSync(join(place, 'trees'));
  writePublicFiles(place, { trees: 't', entries, all: true });
  assert.is.not(statSync(join(place, 'trees')).ino, ino);
});

test('a link in the place of the directory is not followed, and its mode is put right', () => {
  const elsewhere = join(scratch, 'elsewhere');
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, join(scratch, 'link'));
  const write = (place: string) =>
    writePublicFiles(join(scratch, place), { trees: 't', entries: new Map(), all: true });
  assert.throws(() => write('link'));
  assert.not.ok(existsSync(join(elsewhere, 'trees')));
  mkdirSync(join(scratch, 'open'));
  chmodSync(join(scratch, 'open'), 0o777);
  write('open');
  assert.is(mode(join(scratch, 'open')), '755');
});

test.run();

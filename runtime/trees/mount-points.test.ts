import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Mount } from '../../spec/generated/config.js';
import { normalMounts } from '../admit/normal/mounts.js';
import { missingPoints } from './mount-points.js';
import type { TreeEntry, TreeView } from './skeleton.js';

const directory: TreeEntry = { kind: 'directory', mode: 0o755 };
const link = (target: string): TreeEntry => ({ kind: 'link', target });
const entries: Readonly<Record<string, TreeEntry>> = {
  '/etc': directory,
  '/etc/passwd': { kind: 'other' },
  '/opt': link('usr/opt'),
  '/usr': directory,
  '/usr/opt': directory,
  '/usr/up': link('../etc/new'),
  '/round': link('round'),
  '/shared': link('/home/x'),
};
const view: TreeView = { entry: path => entries[path] ?? null, list: () => [] };

const bind = (destination: string, source = '/d', ...options: readonly string[]): Mount => ({
  destination,
  type: 'bind',
  source,
  options: [...options],
});
const missing = (...mounts: readonly Mount[]): readonly string[] =>
  missingPoints(view, normalMounts(mounts), ['/home', '/proc'], source =>
    source === '/gone' ? null : source === '/d',
  ).map(({ path, kind, index }) => `${index} ${kind} ${path}`);

test('what is there is not missing', () => {
  assert.equal(missing(bind('/etc'), bind('/etc/passwd', '/f'), bind('/opt'), bind('/')), []);
});

test('files for files, directories for all else', () => {
  assert.equal(
    missing(bind('/etc/hosts', '/f'), bind('/data'), { destination: '/t', type: 'tmpfs', source: 't' }),
    ['0 file /etc/hosts', '1 directory /data', '2 directory /t'],
  );
});

test('symlinks of the tree are followed, also to what is missing', () => {
  assert.equal(missing(bind('/opt/x'), bind('/usr/up/y'), bind('//data/./deep/')), [
    '0 directory /usr/opt/x',
    '1 directory /etc/new/y',
    '2 directory /data/deep',
  ]);
});

test('".." behind what is missing takes it back', () => {
  assert.equal(
    missing(bind('/etc/a/../b'), bind('/no/where/../../usr/x'), bind('/no/../etc'), bind('/n/../home/y')),
    ['0 directory /etc/b', '1 directory /usr/x'],
  );
  assert.equal(missing(bind('/a/../opt/./z/../y'), bind('/x/y/../z')), [
    '0 directory /usr/opt/y',
    '1 directory /x/z',
  ]);
});

test('what is mounted over the tree is not the tree', () => {
  assert.equal(missing(bind('/home/new'), bind('/shared/new'), bind('/proc')), []);
  assert.equal(missing(bind('/data'), bind('/data/in/it'), bind('/usr'), bind('/usr/new')), [
    '0 directory /data',
  ]);
});

test('what cannot be told is left to the launch', () => {
  assert.equal(
    missing(bind('/x', '/gone'), bind('/round/x'), bind('/x/../y'), bind('/z', '/d', 'remount')),
    [],
  );
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type PinFacts, parsePin, pinTemplate } from './pin.js';

const directory = { major: 8, minor: 1, inode: 2 };
const facts: PinFacts = {
  path: '/os/"debian"',
  readonly: true,
  boot: 'b-1',
  treeMounts: ['/usr', '/etc'],
  shares: [
    { path: '/home', place: '/home', readonly: false, live: true, at: { ...directory, born: '77' } },
    { path: '/etc/hosts', place: '/etc/hosts', readonly: true, live: false, at: null, file: true },
  ],
  directory: '/os/debian',
  stamp: { directory, changed: { '/': '1790000000000000001', '/opt': null } },
  points: { '/proc': { ...directory, born: '0' } },
};
const values = {
  inode: '4026532000',
  mark: '77',
  namespace: '4026531840',
  hostRootMajor: '254',
  hostRootMinor: '2',
  hostRootInode: '256',
  created: '2026-01-02T03:04:05.6Z',
};
const write = (of: PinFacts): string => pinTemplate(of, (_, name) => values[name]).join('');
const known = {
  inode: 4026532000,
  mark: 77,
  host: { namespace: 4026531840, root: { major: 254, minor: 2, inode: 256 } },
  created: values.created,
};

test('the parser reads what the template writes', () => {
  assert.equal(parsePin(write(facts)), { kind: 'record', record: { ...facts, ...known } });
});

test('of the skeleton of all trees there is no directory; records of earlier versions know less', () => {
  const { path, readonly, boot, treeMounts } = facts;
  const short: PinFacts = {
    path,
    readonly,
    boot,
    treeMounts,
    shares: [{ path: '/home', readonly, live: true }],
  };
  assert.equal(parsePin(write(short)), { kind: 'record', record: { ...short, ...known } });
  const { mark: _, ...older } = known;
  assert.equal(parsePin(write(short).replace('"mark":77,', '')), {
    kind: 'record',
    record: { ...short, ...older },
  });
});

test('of a share nothing is written but what the record has room for', () => {
  const [share] = facts.shares;
  const more = {
    ...facts,
    shares: [{ ...share, path: '/home', readonly: true, live: true, source: '/export' }],
  };
  assert.not.match(write(more), '/export');
});

test('garbage is malformed, and the first member that is wrong is named', () => {
  const text = write(facts);
  const cases: readonly (readonly [string | RegExp, string, string])[] = [
    [/^.*$/s, '', ''],
    [/^.*$/s, 'null', ''],
    [/^.*$/s, '[]', ''],
    [/.....$/s, '', ''],
    ['"inode":4026532000', '"inode":"4026532000"', 'inode'],
    ['"inode":4026532000', '"inode":-1', 'inode'],
    ['"mark":77', '"mark":1.5', 'mark'],
    [/"host":\{.*?\}\}/, '"host":null', 'host'],
    ['"namespace":', '"spacename":', 'host.namespace'],
    ['"inode":256', '"inode":[256]', 'host.root.inode'],
    ['["/usr","/etc"]', '"/usr"', 'treeMounts'],
    ['["/usr","/etc"]', '["/usr",null]', 'treeMounts[1]'],
    ['"shares":[', '"shares":[7,', 'shares[0]'],
    ['"live":false', '"live":"no"', 'shares[1].live'],
    ['"born":"77"', '"born":77', 'shares[0].at.born'],
    ['"readonly":true,"boot"', '"boot"', 'readonly'],
    ['"/opt":null', '"/opt":5', 'stamp.changed./opt'],
    ['"changed":{', '"changes":{', 'stamp.changed'],
    ['"points":{"/proc":{', '"points":{"/proc":7,"/sys":{', 'points./proc'],
    ['"boot":"b-1"', '"boot":null', 'boot'],
    ['"created":', '"toString":', 'created'],
  ];
  for (const [from, to, at] of cases)
    assert.equal(parsePin(text.replace(from, to)), { kind: 'malformed', at }, `${from} -> ${to}`);
});

test.run();

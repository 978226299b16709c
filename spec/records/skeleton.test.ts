import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSkeleton, type SkeletonFacts, skeletonTemplate } from './skeleton.js';

const facts: SkeletonFacts = {
  path: '/chos',
  shares: [
    { path: '/home', readonly: false, live: true },
    { path: '/etc/hosts', readonly: true, live: false, file: true },
  ],
  holders: ['/os'],
  readonly: ['/os/debian'],
  files: ['/os/debian/etc/passwd'],
  boot: 'b-1',
};
const values = {
  rootMajor: '0',
  rootMinor: '50',
  rootInode: '1',
  namespace: '4026531840',
  hostRootMajor: '254',
  hostRootMinor: '2',
  hostRootInode: '256',
  created: '2026-01-02T03:04:05.6Z',
};
const text = skeletonTemplate(facts, (_, name) => values[name]).join('');

test('the parser reads what the template writes', () => {
  assert.equal(parseSkeleton(text), {
    kind: 'record',
    record: {
      ...facts,
      root: { major: 0, minor: 50, inode: 1 },
      host: { namespace: 4026531840, root: { major: 254, minor: 2, inode: 256 } },
      created: values.created,
    },
  });
});

test('garbage is malformed, and the first member that is wrong is named', () => {
  const cases: readonly (readonly [string | RegExp, string, string])[] = [
    [/^.*$/s, 'x', ''],
    [/^.*$/s, '"/chos"', ''],
    ['"path":"/chos"', '"path":5', 'path'],
    ['{"root":', '{"route":', 'root'],
    ['"minor":50', '"minor":null', 'root.minor'],
    ['"holders":["/os"]', '"holders":{"0":"/os"}', 'holders'],
    ['["/os/debian"]', '[["/os/debian"]]', 'readonly[0]'],
    ['"live":true', '"live":1', 'shares[0].live'],
    ['"boot":', '"boots":', 'boot'],
  ];
  for (const [from, to, at] of cases)
    assert.equal(parseSkeleton(text.replace(from, to)), { kind: 'malformed', at }, `${from} -> ${to}`);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cases } from '../suite/case.js';
import '../suite/cases/index.js';
import { isReviewed, ofPeers } from './allowed-skips.js';

const peers = ['crun', 'runc'] as const;

/** What the suite would print of each case that a peer is not asked for, on this host. */
const skipped = cases().flatMap(({ name, skip }) =>
  peers.flatMap(peer => {
    const reason = skip?.('chos-runtime') === undefined ? skip?.(peer) : undefined;
    return reason === undefined ? [] : [{ line: `${peer}  ${name}: ${reason}`, reason }];
  }),
);

test('why a peer is not asked for a case is on the reviewed list', () => {
  assert.equal(
    skipped.map(({ line }) => line).filter(line => !isReviewed(line)),
    [],
  );
});

test('the list has no reason that nobody gives', () => {
  const given = new Set(skipped.map(({ reason }) => reason));
  // That one is given where the suite hides cgroup2, which a unit test does not.
  const hidden = 'needs a controller in cgroup v2';
  assert.equal(
    ofPeers.filter(reason => reason !== hidden && !given.has(reason)),
    [],
  );
});

test('what ours is not asked for is not reviewed, nor is an unknown reason', () => {
  assert.not.ok(isReviewed('chos-runtime  regex/kill: runc has no --regex (contract A3)'));
  assert.not.ok(isReviewed('runc  regex/kill: it is Friday'));
  assert.not.ok(isReviewed('podman/x 0.1 s  no netavark'));
  assert.not.ok(isReviewed('versions: on btrfs the blocks are shared: it is Friday'));
  assert.ok(isReviewed('versions: on btrfs the blocks are shared: no loop devices'));
});

test.run();

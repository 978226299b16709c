/** What the registry says, and what commands make of it. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { caseList, good } from './case.js';
import { base, bundle, chos, pins, runtime } from './machine.js';

const { cases, test } = caseList('registry: ');

/** The command as a user without any privilege, who can reach our files wherever they are: the folder above them is replaced by an open one. */
function asUser(...args: readonly string[]) {
  const top = `/${process.cwd().split('/')[1] ?? ''}`;
  const script = `mkdir -p ${base}/product; mount --bind "$PWD" ${base}/product
mount -t tmpfs -o mode=755 open ${top}; mkdir -p "$PWD"; mount --bind ${base}/product "$PWD"; cd /
exec setpriv --reuid 1000 --regid 1000 --clear-groups "$@"`;
  const argv = ['-m', 'sh', '-e', '-c', script, 'sh', runtime, ...args];
  return spawnSync('unshare', argv, { encoding: 'utf8', env: { PATH: process.env.PATH ?? '' } });
}

test('explain tells a user who may not run what root would get', () => {
  const directory = bundle({ tree: 'two', args: ['true'], own: true });
  assert.match(asUser('run', '-b', directory, 'x').stderr, /without being root/);
  good(chos('tree', 'prepare', 'two'));
  const seen = good(asUser('explain', directory));
  assert.match(seen, new RegExp(`mount the root ${base}/two`));
  assert.match(seen, /only root sees what is prepared/);
  assert.equal(spawnSync('stat', ['-c', '%a', pins], { encoding: 'utf8' }).stdout, '700\n');
});

test('explain for a user is that for root, but for what only root sees', () => {
  const directory = bundle({ args: ['true'], own: true });
  assert.equal(
    good(asUser('explain', directory)),
    good(chos('--cgroup-manager', 'cgroupfs', 'explain', directory)),
  );
});

export const registryCases = cases;

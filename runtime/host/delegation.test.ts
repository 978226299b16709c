import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostFacts } from '../../spec/host-facts.js';
import { factsOf, hierarchy, unified } from '../compile/test/input.js';
import { type DelegationSources, withDelegation } from './delegation.js';

/** A machine on which the caller may write to what is at or below one of these places. */
const machine = (
  ours: readonly string[],
  files: Readonly<Record<string, string>> = {},
): DelegationSources => ({
  exists: path => !path.includes('missing'),
  writable: path => ours.some(place => path === place || path.startsWith(`${place}/`)),
  open: path => !path.includes('closed'),
  read: path => files[path] ?? null,
});

const user = (cgroup: HostFacts['cgroup']): HostFacts => factsOf({ euid: 1000, cgroup });

test('root of the host has everything', () => {
  const facts = factsOf({ cgroup: { layout: 'v2', unified } });
  assert.is(withDelegation(facts, null, machine([])), facts);
});

test('nothing is delegated: no hierarchy, and its controllers are known', () => {
  const v1 = { layout: 'v1', hierarchies: [hierarchy(['memory']), hierarchy(['pids'])] } as const;
  const seen = withDelegation(user(v1), null, machine([]));
  assert.equal(
    [seen.cgroup, seen.withheld],
    [{ layout: 'none' }, { controllers: ['memory', 'pids'], all: v1 }],
  );
});

test('what the caller may not even look at is not shown to its containers', () => {
  const hierarchies = [hierarchy(['memory'], '/closed'), hierarchy(['pids'])];
  const seen = withDelegation(user({ layout: 'v1', hierarchies }), null, machine([]));
  assert.equal(seen.withheld?.all, { layout: 'v1', hierarchies: [hierarchy(['pids'])] });
});

test('root of a user namespace is no other', () => {
  const userNamespace = { uids: [], gids: [], setgroups: true };
  const facts = factsOf({ userNamespace, cgroup: { layout: 'v2', unified } });
  assert.equal(withDelegation(facts, null, machine([])).cgroup, { layout: 'none' });
});

test('v2: from the topmost group of the caller on, with what is passed on to it', () => {
  const own = '/user.slice/user@7.service/app.slice/here';
  const facts = user({ layout: 'v2', unified: { ...unified, own } });
  const top = '/sys/fs/cgroup/user.slice/user@7.service';
  const files = { [`${top}/app.slice/cgroup.controllers`]: 'memory pids\n' };
  const seen = withDelegation(facts, null, machine([top], files));
  assert.equal(seen.cgroup, {
    layout: 'v2',
    unified: { ...unified, own, controllers: ['memory', 'pids'], from: '/user.slice/user@7.service' },
  });
  assert.equal(seen.withheld?.controllers, ['cpuset', 'cpu', 'io', 'hugetlb']);
});

test('a path is judged by the group above it that is there', () => {
  const facts = user({ layout: 'v2', unified });
  const ours = machine(['/sys/fs/cgroup/a']);
  assert.is(withDelegation(facts, '/a/missing/missing', ours).cgroup.layout, 'v2');
  assert.is(withDelegation(facts, '/b/missing/missing', ours).cgroup.layout, 'none');
});

test.run();

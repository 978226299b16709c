import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CgroupFacts } from '../../../spec/host-facts.js';
import { slots } from '../../program/operand.js';
import { hierarchy, layouts, unified } from '../test/input.js';
import { type CgroupPlan, cgroupOfProcesses, directoryOf, planAt, planCgroups, shownPath } from './plan.js';

const id = slots('id', 2);
const plan = (facts: CgroupFacts, path: string | null = null): CgroupPlan => planCgroups(facts, path, id);
const paths = (facts: CgroupFacts, path?: string): readonly string[] =>
  plan(facts, path).directories.map(shownPath);

const inSlice: CgroupFacts = {
  layout: 'v1',
  hierarchies: [hierarchy(['memory'], '/user/7'), hierarchy(['name=systemd'], '/user/7/session')],
};

test('an absolute path counts from the mount of each hierarchy', () => {
  assert.equal(paths(inSlice, '/pod/box'), [
    '/sys/fs/cgroup/memory/pod/box',
    '/sys/fs/cgroup/systemd/pod/box',
  ]);
  assert.equal(paths(layouts.v2, '/pod/box'), ['/sys/fs/cgroup/pod/box']);
});

test('a relative path counts from our own cgroup', () => {
  assert.equal(paths(inSlice, 'box'), [
    '/sys/fs/cgroup/memory/user/7/box',
    '/sys/fs/cgroup/systemd/user/7/session/box',
  ]);
  assert.equal(paths(layouts.v2, 'box'), ['/sys/fs/cgroup/user.slice/session-1.scope/box']);
});

test('no path: below our own cgroup, on v2 beside it, named after the container', () => {
  for (const none of [undefined, '']) {
    assert.equal(paths(inSlice, none), [
      '/sys/fs/cgroup/memory/user/7/ID',
      '/sys/fs/cgroup/systemd/user/7/session/ID',
    ]);
    assert.equal(paths(layouts.v2, none), ['/sys/fs/cgroup/user.slice/ID']);
  }
  assert.equal(paths({ layout: 'v2', unified: { ...unified, own: '/' } }), ['/sys/fs/cgroup/ID']);
});

test('hybrid: every v1 hierarchy, then the unified one', () => {
  const { directories } = plan(layouts.hybrid, '/box');
  assert.equal(
    directories.map(d => [d.version, shownPath(d)]),
    [
      [1, '/sys/fs/cgroup/memory/box'],
      [2, '/sys/fs/cgroup/unified/box'],
    ],
  );
});

test('a controller is found where it is mounted', () => {
  const both = plan(layouts.hybrid, '/box');
  assert.is(directoryOf(both, 'memory')?.version, 1);
  assert.is(directoryOf(both, 'pids')?.version, 2);
  assert.is(directoryOf(both, 'cpu'), undefined);
  assert.is(directoryOf(plan(layouts.v1, '/box'), 'cpuacct')?.hierarchy.mount, '/sys/fs/cgroup/cpu,cpuacct');
});

test('no cgroups, no directories', () => {
  assert.equal(plan(layouts.none, '/box'), { directories: [], formats: [] });
});

test('slashes and dots that mean nothing are left out', () => {
  assert.equal(paths(layouts.v2, '//pod/./box/'), ['/sys/fs/cgroup/pod/box']);
});

test('only a path with the id in it is made at run time', () => {
  const [fixed, named] = [plan(layouts.v1, '/box'), plan(layouts.v1)];
  assert.is(fixed.formats.length, 0);
  assert.is(named.formats.length, named.directories.length);
  assert.ok(fixed.directories.every(d => d.memory.constant));
  assert.not.ok(named.directories.some(d => d.memory.constant));
  // Room for the longest id, escaped or not, and a NUL.
  for (const d of named.directories)
    assert.is(d.memory.size, shownPath(d).length - 'ID'.length + 6 * 255 + 1);
});

test('directories that state.json tells are kept, whatever config.json and host say now', () => {
  const known = ['/sys/fs/cgroup/freezer/old/box', '/sys/fs/cgroup/pids/old/box', '/gone/box'];
  const hierarchies = [hierarchy(['freezer'], '/'), hierarchy(['pids'], '/')];
  const planned = planAt(known, { layout: 'v1', hierarchies });
  assert.equal(planned.directories.map(shownPath), known);
  assert.is(planned.formats.length, 0);
  assert.is(directoryOf(planned, 'freezer')?.version, 1);
  const processes = cgroupOfProcesses(planned);
  assert.is(processes && shownPath(processes), known[1]);
  assert.is(planAt(['/sys/fs/cgroup/box'], layouts.v2).directories[0]?.version, 2);
  assert.equal(planAt([], layouts.v1).directories, []);
});

test.run();

/** Whom the cgroup of a container in a user namespace belongs to. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CgroupFacts } from '../../../spec/host-facts.js';
import { compileLaunch } from '../compile.js';
import { inputOf, layouts } from '../test/input.js';

const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

function given(
  cgroup: CgroupFacts,
  mount: readonly string[],
  ...namespaces: readonly string[]
): readonly string[] {
  const config = {
    process: { user: { uid: 7, gid: 8 } },
    mounts: [{ destination: '/sys/fs/cgroup', type: 'cgroup', options: mount }],
    linux: {
      namespaces: ['mount', 'pid', ...namespaces].map(type => ({ type })),
      ...(namespaces.includes('user') ? { uidMappings: map, gidMappings: map } : {}),
    },
  };
  const compiled = compileLaunch(inputOf({ config, facts: { cgroup } }));
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.refusals));
  return compiled.program.tracks.flatMap(({ actions }) =>
    actions.flatMap(({ operation: o }) => (o.kind === 'give-cgroup' ? [`${o.uid}:${o.gid}`] : [])),
  );
}

test('to the user of the container, if it may write to a cgroup of v2 in a cgroup namespace of its own', () => {
  assert.equal(given(layouts.v2, [], 'user', 'cgroup'), ['100007:100008']);
});

test('else it stays that of the host', () => {
  assert.equal(given(layouts.v2, ['ro'], 'user', 'cgroup'), []);
  assert.equal(given(layouts.v2, [], 'user'), []);
  assert.equal(given(layouts.v2, [], 'cgroup'), []);
  assert.equal(given(layouts.v1, [], 'user', 'cgroup'), []);
});

test.run();

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createLaunch } from '../launch/launch.js';
import { inputOf } from '../test/input.js';
import { confinedRoot } from './confined.js';
import { plannedMounts } from './mounts.js';
import { rewritten } from './planned.js';

const map = [{ containerID: 0, hostID: 1000, size: 1 }];

/** What of the host's is shown where the kernel mounts no other, in a user namespace and those. */
function shownInstead(type: string, ...others: readonly object[]): readonly (string | undefined)[] {
  const launch = createLaunch(
    inputOf({
      config: {
        mounts: [{ destination: '/place', type, source: type }],
        linux: {
          namespaces: [{ type: 'mount' }, { type: 'user' }, ...others],
          uidMappings: map,
          gidMappings: map,
        },
      },
    }),
  );
  return rewritten(plannedMounts(launch, []), confinedRoot(launch)).flatMap(one =>
    one.kind === 'filesystem' ? [one.does.otherwise] : [],
  );
}

for (const [type, namespace, place] of [
  ['proc', 'pid', '/proc'],
  ['mqueue', 'ipc', '/dev/mqueue'],
  ['sysfs', 'network', '/sys'],
] as const)
  test(`${type} of the host in the namespace of the host alone`, () => {
    assert.equal(shownInstead(type), [place]);
    assert.equal(shownInstead(type, { type: namespace }), [undefined]);
    const joined = shownInstead(type, { type: namespace, path: '/proc/7/ns/some' });
    assert.equal(joined, [type === 'sysfs' ? place : undefined]);
  });

/** Of devpts with that option, where gid 0 to 7 are mapped. */
function gidLeft(gid: string): boolean {
  const gidMappings = [{ containerID: 0, hostID: 1000, size: 8 }];
  const mounts = [{ destination: '/place', type: 'devpts', source: 'devpts', options: [`gid=${gid}`] }];
  const linux = { namespaces: [{ type: 'mount' }, { type: 'user' }], uidMappings: map, gidMappings };
  const launch = createLaunch(inputOf({ config: { mounts, linux } }));
  return rewritten(plannedMounts(launch, []), confinedRoot(launch)).some(
    one => one.kind === 'filesystem' && one.entry.data.some(([key]) => key === 'gid'),
  );
}

test('the group of terminals is the one that the kernel reads', () => {
  for (const gid of ['5', '+5', '0x7', '07']) assert.ok(gidLeft(gid), gid);
  for (const gid of ['8', '0x8', '010', '123456']) assert.not.ok(gidLeft(gid), gid);
  // The kernel has something to say about these.
  for (const gid of ['0b1', '1e0', 'x', '09']) assert.ok(gidLeft(gid), gid);
});

test.run();

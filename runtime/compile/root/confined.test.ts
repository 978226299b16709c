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

test.run();

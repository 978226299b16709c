import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { specOf } from '../test/input.js';
import { mountedInRoot } from './mount-points.js';

test('what lies below another mount, and what mounts nothing new, has no mount point in the root', () => {
  const { mounts } = specOf({
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/run', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/run/secrets', type: 'bind', source: '/srv/secrets', options: ['bind'] },
      { destination: '/running', type: 'bind', source: '/srv/x', options: ['bind'] },
      { destination: '/etc/link', type: 'bind', source: '/srv/link', options: ['bind', 'copy-symlink'] },
      { destination: '/running', type: 'none', source: 'none', options: ['remount', 'ro'] },
    ],
  }).config;
  assert.equal(
    mountedInRoot(mounts).map(({ place }) => place),
    ['/proc', '/run', '/running'],
  );
});

test.run();

/** Containers of one image, one after the other: what was left of those before starts them (docs/compiler-service.md, "The same start again"). */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { STATE_ROOT_NAME } from '../../../spec/state-root.js';
import { forgetStarts, leftStarts } from '../../harness/left-programs.js';
import { test } from '../case.js';

/** Podman writes the mounts and variables of an image in a dozen orders: of so many starts some are like one before. */
const STARTS = 20;
const ITSELF = 'test "$HOSTNAME" = "$(hostname)" && test "$HOSTNAME" = "$(cat /etc/hostname)" && echo itself';

test('life/again-asks-no-compiler', {
  observe: async podman => {
    const root = join(podman.place.session ?? '/run', STATE_ROOT_NAME);
    forgetStarts(root);
    const said: string[] = [];
    for (let i = 0; i < STARTS; i++) {
      const { code, stdout, stderr } = await podman.run(['bb', 'sh', '-c', ITSELF]);
      said.push(`${code} ${stdout.trim()}${stderr}`);
    }
    return {
      said: [...new Set(said)],
      left: leftStarts(root).length,
      ours: podman.runtime === 'chos-runtime',
    };
  },
  compare: ({ said }) => said,
  expect: ({ said, left, ours }) => {
    assert.equal(said, ['0 itself']);
    assert.ok(!ours || (left > 0 && left < STARTS), `${left} of ${STARTS} were compiled`);
  },
  deadlineMs: 120_000,
});

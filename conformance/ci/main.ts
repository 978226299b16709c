/** `node build/conformance/ci.mjs` (ONLY=PATTERN) (root): the jobs of docs/ci.md, as the runners of GitLab and GitHub run them, in three trees, by Podman. */
import { spawnSync } from 'node:child_process';
import { keepGroupsOfPodman } from '../harness/host-check.js';
import { onOwnMachine } from '../harness/own-machine.js';
import { cases } from './cases.js';
import { setUp } from './machine.js';

const pattern = new RegExp(process.env.ONLY ?? '');
keepGroupsOfPodman();
// There is a network only here.
if (process.pid !== 1 && process.geteuid?.() === 0) {
  const { status, stdout } = spawnSync('conformance/ci/trees', {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error('conformance/ci/trees has not made the trees');
  process.env.CI_TREES = stdout.trim();
}

// The others need what the first one sets up.
const chosen = cases.filter(({ name }, index) => index === 0 || pattern.test(name));
await onOwnMachine(['--net'], chosen.length, async tally => {
  setUp(process.env.CI_TREES ?? '');
  for (const { name, run } of chosen) {
    try {
      await run();
      tally.passed(name);
    } catch (error) {
      tally.failed(name, error);
    }
  }
});

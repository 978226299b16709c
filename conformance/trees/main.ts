/** `node build/conformance/trees.mjs` (root): environments, observed on a machine of their own. Runs itself as process 1 of a new pid namespace. */
import { spawnSync } from 'node:child_process';
import { cases as treeCases } from './cases.js';
import { changedHostCases } from './changed-host-cases.js';
import { elisionCases } from './elision-cases.js';
import { heldCases } from './held-cases.js';
import { chos, setUp } from './machine.js';
import { registryCases } from './registry-cases.js';
import { releaseCases } from './release-cases.js';
import { sealedCases } from './sealed-cases.js';
import { sharedViewCases } from './shared-view-cases.js';
import { skeletonCases } from './skeleton-cases.js';
import { untouchedCases } from './untouched-cases.js';

const cases = [
  ...sharedViewCases,
  ...elisionCases,
  ...changedHostCases,
  ...releaseCases,
  ...sealedCases,
  ...untouchedCases,
  ...treeCases,
  ...heldCases,
  ...skeletonCases,
  ...registryCases,
].filter(({ name }) => name.includes(process.env.ONLY ?? ''));

function enterMachine(): never {
  const self = process.argv[1] ?? '';
  const { status } = spawnSync(
    'unshare',
    ['-m', '-p', '-f', '--kill-child', '--mount-proc', process.execPath, self],
    {
      stdio: 'inherit',
    },
  );
  process.exit(status ?? 1);
}

async function main(): Promise<void> {
  if (process.geteuid?.() !== 0) {
    console.log(`not root: nothing can be tested\n0 passed, 0 failed, ${cases.length} skipped`);
    return;
  }
  if (process.pid !== 1) enterMachine();
  setUp();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, run } of cases) {
    try {
      const reason = await run();
      counts[reason === undefined ? 'passed' : 'skipped']++;
      console.log(reason === undefined ? `ok    ${name}` : `skip  ${name}: ${reason}`);
    } catch (error) {
      counts.failed++;
      console.log(
        `FAIL  ${name}\n      ${error instanceof Error ? error.message.replace(/\n/g, '\n      ') : error}`,
      );
    }
    for (const id of chos('list', '-q').stdout.split('\n').filter(Boolean)) chos('delete', '--force', id);
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed > 0 ? 1 : 0);
}

await main();

/** `node build/conformance/hooks.mjs` (ONLY=PATTERN) (root): the ready-made hooks, by hand, by config.json and by Podman. */
import { onOwnMachine } from '../harness/own-machine.js';
import { badInputCases } from './bad-input-cases.js';
import { byHandCases } from './by-hand-cases.js';
import { printCosts } from './cost.js';
import { environmentCases } from './environment-cases.js';
import { frameCases } from './frame-cases.js';
import { gpuCases } from './gpu-cases.js';
import { jobReportCases } from './job-report-cases.js';
import { jobWatcherCases } from './job-watcher-cases.js';
import { inLab, setUp, tearDown } from './machine.js';
import { shareCheckCases } from './share-check-cases.js';
import { togetherCases } from './together-cases.js';
import { treeDigestCases } from './tree-digest-cases.js';

const pattern = new RegExp(process.env.ONLY ?? '');
const cases = [
  ...frameCases,
  ...byHandCases,
  ...badInputCases,
  ...shareCheckCases,
  ...jobReportCases,
  ...jobWatcherCases,
  ...treeDigestCases,
  ...gpuCases,
  ...environmentCases,
  ...togetherCases,
].filter(({ name }) => pattern.test(name));

/** A case that has failed fails alone: what it has left at work would keep others waiting. */
function endOthers(): void {
  if (process.pid !== 1) throw new Error('not in a pid namespace of our own');
  try {
    process.kill(-1, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

// NFS belongs to the network of the machine, and so does its server.
await onOwnMachine(inLab ? [] : ['--net'], cases.length, async tally => {
  const machine = setUp();
  if (process.env.COST) printCosts(machine, process.env.COST.split(','));
  for (const { name, run } of cases) {
    try {
      await run(machine);
      tally.passed(name);
    } catch (error) {
      tally.failed(name, error);
      endOthers();
    }
  }
  const left = tearDown(machine);
  if (left.length > 0) tally.failed('nothing is left', left.slice(0, 3).join('; '));
});

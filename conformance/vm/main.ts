/**
 * `node build/conformance/vm.mjs [--kernel 6.12] [--only PATTERN] [--list]`: the cases that need a machine of their own, with each kernel, and those of
 * the kernel module (`kernel-link/cases`, `kernel-link/storm`). They are run in virtual machines, so this needs no privilege but to make those (root, the first time).
 */
import { parseArgs } from 'node:util';
import { countsLine } from '../harness/counts.js';
import { chosenBoots, jobFor as moduleJobFor } from '../kernel-link/run.js';
import { runsFor } from './case.js';
import { cases } from './cases/index.js';
import { inLanes } from './lanes.js';
import { kernels, prepareMachines, usualKernels } from './machine.js';
import { bootsFor, jobFor, type Verdict } from './run-cases.js';

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', multiple: true },
    only: { type: 'string', default: '' },
    list: { type: 'boolean', default: false },
  },
});

function printed({ kernel, name, word, reason, milliseconds }: Verdict): string {
  const seconds = milliseconds === 0 ? '' : `  (${(milliseconds / 1000).toFixed(1)} s)`;
  const head = `${word.padEnd(5)} ${kernel.padEnd(4)}  ${name}`;
  if (word === 'skip') return `${head}: ${reason}`;
  return word === 'ok'
    ? `${head}${seconds}`
    : `${head}${seconds}\n      ${reason.replace(/\n/g, '\n      ')}`;
}

async function main(): Promise<number> {
  const wanted = kernels.filter(kernel => (values.kernel ?? usualKernels).includes(kernel));
  const only = new RegExp(values.only);
  const chosen = cases.filter(({ name }) => only.test(name));
  if (values.list) {
    for (const kernel of wanted) {
      for (const { name } of runsFor(chosen, kernel)) console.log(`${kernel} ${name}`);
      for (const { name } of chosenBoots(kernel, only)) console.log(`${kernel} kernel-link/${name}`);
    }
    return 0;
  }
  prepareMachines(wanted);
  const counts = { ok: 0, FAIL: 0, skip: 0 };
  const onVerdict = (verdict: Verdict) => {
    counts[verdict.word]++;
    console.log(printed(verdict));
  };
  await inLanes([
    ...wanted.flatMap(kernel => bootsFor(chosen, kernel)).map(boot => jobFor(boot, onVerdict)),
    ...wanted
      .flatMap(kernel => chosenBoots(kernel, only))
      .map(boot =>
        moduleJobFor(boot, ({ passed, failed }) => {
          counts.ok += passed;
          counts.FAIL += failed;
        }),
      ),
  ]);
  console.log(countsLine({ passed: counts.ok, failed: counts.FAIL, skipped: counts.skip }));
  return counts.FAIL === 0 && counts.ok > 0 ? 0 : 1;
}

process.exitCode = await main();

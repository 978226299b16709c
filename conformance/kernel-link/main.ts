/**
 * `node build/conformance/kernel-link.mjs [--kernel 6.12] [--boot storm] [--bench]`: the kernel module in virtual machines with each kernel, or
 * (`--bench`) what it costs, as ratios. From the repository's top directory, after `make build/conformance/kernel-link.mjs`.
 */
import { parseArgs } from 'node:util';
import { countsLine } from '../harness/counts.js';
import { inLanes } from '../vm/lanes.js';
import { bootMachine, kernels, prepareMachines, usualKernels } from '../vm/machine.js';
import { benchBoot } from './boots.js';
import { chosenBoots, jobFor } from './run.js';

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', multiple: true },
    boot: { type: 'string', default: '' },
    bench: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const wanted = kernels.filter(kernel => (values.kernel ?? usualKernels).includes(kernel));
  prepareMachines(wanted);
  if (values.bench) {
    // One after the other: side by side they would measure each other.
    for (const kernel of wanted) {
      const outcome = await bootMachine(benchBoot(kernel).request);
      console.log(`${kernel} ${outcome.output.trim()}`);
      if (outcome.exitCode !== 0) return 1;
    }
    return 0;
  }
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const jobs = wanted
    .flatMap(kernel => chosenBoots(kernel, new RegExp(values.boot)))
    .map(boot =>
      jobFor(boot, ({ passed, failed }) => {
        counts.passed += passed;
        counts.failed += failed;
      }),
    );
  await inLanes(jobs);
  console.log(countsLine(counts));
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

process.exitCode = await main();

/**
 * `node build/conformance/kernel-link.mjs [--kernel 6.12] [--boot storm] [--bench]`: the kernel module in virtual machines with each kernel, or
 * (`--bench`) what it costs, as ratios. From the repository's top directory, after `make build/conformance/kernel-link.mjs`.
 */
import { parseArgs } from 'node:util';
import { countsLine } from '../harness/counts.js';
import { bootMachine, kernels, prepareMachines, usualKernels } from '../vm/machine.js';
import { type Boot, benchBoot, testBoots } from './boots.js';
import { verdictsOf } from './verdicts.js';

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', multiple: true },
    boot: { type: 'string' },
    bench: { type: 'boolean', default: false },
  },
});

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

async function tested({ name, request }: Boot): Promise<Counts> {
  const { kernel } = request;
  const outcome = await bootMachine(request);
  const verdicts = verdictsOf(outcome);
  for (const line of verdicts.lines)
    console.log(/^(ok|FAIL) /.test(line) ? line.replace(/^(\w+ +)/, `$1${kernel}  `) : line);
  if (outcome.ending.kind !== 'exit') console.log(outcome.console.split('\n').slice(-60).join('\n'));
  console.log(`     ${kernel}  ${name}: ${outcome.seconds.total.toFixed(0)} s`);
  return verdicts;
}

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
  const boots = wanted
    .flatMap(testBoots)
    .filter(({ name }) => values.boot === undefined || name === values.boot);
  const counts: Counts[] = await Promise.all(boots.filter(({ alone }) => !alone).map(tested));
  for (const boot of boots.filter(({ alone }) => alone)) counts.push(await tested(boot));
  const sum = (key: keyof Counts) => counts.reduce((total, one) => total + one[key], 0);
  console.log(countsLine({ passed: sum('passed'), failed: sum('failed'), skipped: 0 }));
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
}

process.exitCode = await main();

import type { Job } from '../vm/lanes.js';
import { bootMachine, type Kernel } from '../vm/machine.js';
import { type Boot, testBoots } from './boots.js';
import { type Verdicts, verdictsOf } from './verdicts.js';

/** The boots whose names this matches. */
export const chosenBoots = (kernel: Kernel, only: RegExp): readonly Boot[] =>
  testBoots(kernel).filter(({ name }) => only.test(`kernel-link/${name}`));

/** Boots the machine and prints what it has shown. */
async function tested({ name, request }: Boot): Promise<Verdicts> {
  const { kernel } = request;
  const outcome = await bootMachine(request);
  const verdicts = verdictsOf(outcome);
  for (const line of verdicts.lines)
    console.log(/^(ok|FAIL) /.test(line) ? line.replace(/^(\w+ +)/, `$1${kernel}  `) : line);
  if (outcome.ending.kind !== 'exit') console.log(outcome.console.split('\n').slice(-60).join('\n'));
  console.log(`     ${kernel}  ${name}: ${outcome.seconds.total.toFixed(0)} s`);
  return verdicts;
}

export const jobFor = (boot: Boot, onVerdicts: (verdicts: Verdicts) => void): Job => ({
  seconds: boot.request.timeout ?? 0,
  alone: boot.alone,
  run: async () => onVerdicts(await tested(boot)),
});

/**
 * What needs the kernel module is measured in a virtual machine (docs/vm.md). It is emulated: about ten times slower than a real one, and not
 * evenly so. The ratios say something, the milliseconds do not.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchBoot } from '../kernel-link/boots.js';
import { kernelModule } from '../vm/kernel-module.js';
import { bootMachine, type MachineOutcome, type MachineRequest, prepareMachines } from '../vm/machine.js';
import { treeOfTheBuild } from '../vm/product.js';
import { wordsFor } from '../vm/words.js';
import { type Result, standing } from './figures.js';
import { readTimer } from './plan.js';

export const kernel = '6.12';
export const environments = 'environments-1000';
export const environmentNames = [
  'kmod',
  'pinned',
  'kmod-own',
  'pinned-own',
  'private',
  'crun',
  'chos',
  'chroot',
] as const;

/** Ratios that conformance/kernel-link/bench prints: what the module costs. */
export interface LinkCost {
  readonly readlink: number;
  readonly open: number;
  readonly 'fork-unused': number;
  readonly 'fork-link-set': number;
  readonly 'fork-noise': number;
}

export type Measured<T> =
  | { readonly kind: 'measured'; readonly value: T }
  | { readonly kind: 'failed'; readonly reason: string };

const environmentsBoot = (top: string, rootfs: string, rounds: number): MachineRequest => ({
  kernel,
  script: `#!/bin/sh\nexec bash /bench/environments.sh ${rounds}\n`,
  payload: [
    ...treeOfTheBuild(),
    ...kernelModule(kernel).map(item => ({ ...item, to: item.to.replace('/lab/', '/bench/') })),
    { from: rootfs, to: '/bench/tree' },
    { from: join(top, 'build/conformance/timer'), to: '/bench/timer' },
    {
      text: readFileSync(join(top, 'conformance/bench/environments.sh'), 'utf8'),
      to: '/bench/environments.sh',
    },
    { text: readFileSync(join(top, 'conformance/vm/base.json'), 'utf8'), to: '/bench/base.json' },
  ],
  timeout: 1200,
});

function lastLine<T>(outcome: MachineOutcome, read: (line: string) => T): Measured<T> {
  const failed = outcome.ending.kind !== 'exit' || outcome.exitCode !== 0;
  const last = outcome.output.trim().split('\n').at(-1) ?? '';
  if (failed || !last.startsWith('{')) return { kind: 'failed', reason: `${wordsFor(outcome)}: ${last}` };
  return { kind: 'measured', value: read(last) };
}

/** Starts of an environment with 1,000 shares: by each back end, without and with a mount namespace of its own, and by crun. */
export async function measureEnvironments(
  top: string,
  rootfs: string,
  rounds: number,
): Promise<Measured<Result>> {
  prepareMachines([kernel]);
  const outcome = await bootMachine(environmentsBoot(top, rootfs, rounds));
  return lastLine(outcome, line => ({
    id: environments,
    title: 'environment with 1000 shares, in a virtual machine',
    gap: 0,
    standings: readTimer(line, outcome.output).map(one => standing(one, false)),
  }));
}

export async function measureLink(): Promise<Measured<LinkCost>> {
  prepareMachines([kernel]);
  return lastLine(await bootMachine(benchBoot(kernel).request), line => JSON.parse(line) as LinkCost);
}

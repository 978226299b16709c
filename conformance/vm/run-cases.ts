import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultSeconds, type MachineCase, type Run, runsFor, runtimes } from './case.js';
import { cachesOfTheModule } from './kernel-module.js';
import type { Job } from './lanes.js';
import { bootMachine, type Init, inits, type Kernel, labSources, type MachineOutcome } from './machine.js';
import type { PayloadItem } from './payload.js';
import { treeOfTheBuild } from './product.js';
import { type CaseEnd, caseReader } from './result-lines.js';
import { wordsFor } from './words.js';

export interface Verdict {
  readonly kernel: Kernel;
  readonly name: string;
  readonly word: 'ok' | 'FAIL' | 'skip';
  /** What the case printed, if it is of interest. */
  readonly reason: string;
  readonly milliseconds: number;
}

/** Nothing that the kernel notices is survived. */
const panics = ['panic_on_warn=1', 'oops=panic', 'softlockup_panic=0'];

/** With every check of every slab cache where cases are about the kernel module; where they are not, which takes a third less, of the module's own. */
const commandLineOf = (group: Boot['group']): readonly string[] => [
  ...panics,
  `slub_debug=FZPU${group === 'kmod' ? '' : `,${cachesOfTheModule}`}`,
];

const number = (index: number) => String(index).padStart(4, '0');

function payloadOf(runs: readonly Run[], kernel: Kernel): readonly PayloadItem[] {
  const source = (name: string) => readFileSync(join(labSources(), name), 'utf8');
  return [
    ...treeOfTheBuild(),
    ...[...new Set(runs.map(({ definition }) => definition))].flatMap(
      ({ payload }) => payload?.(kernel) ?? [],
    ),
    { text: source('guest-cases'), to: '/lab/run-cases', executable: true },
    { text: source('guest-functions'), to: '/lab/functions' },
    { text: source('base.json'), to: '/lab/base.json' },
    ...runs.flatMap(({ runtime, definition }, index) => [
      { text: definition.script, to: `/lab/cases/${number(index)}/script` },
      {
        text: `RUNTIME=${runtimes[runtime]} NAME=${runtime} LIMIT=${definition.seconds ?? defaultSeconds}\n`,
        to: `/lab/cases/${number(index)}/variables`,
      },
    ]),
  ];
}

function verdictOf(kernel: Kernel, name: string, end: CaseEnd): Verdict {
  const text = end.output.trim();
  const { milliseconds } = end;
  if (end.exitCode === 0) return { kernel, name, word: 'ok', reason: '', milliseconds };
  if (end.exitCode === 77)
    return { kernel, name, word: 'skip', reason: text.split('\n').at(-1) ?? '', milliseconds };
  const late = end.exitCode === 124 || end.exitCode === 137 ? 'the time of the case was over' : '';
  return {
    kernel,
    name,
    word: 'FAIL',
    reason: [late, text || `exit code ${end.exitCode}`].filter(Boolean).join('\n'),
    milliseconds,
  };
}

/** Boots a machine for these runs. Those behind one that the machine did not survive are not in the answer. */
async function bootOnce(
  { kernel, init, group }: Boot,
  runs: readonly Run[],
  onVerdict: (verdict: Verdict) => void,
): Promise<{ readonly done: number; readonly outcome: MachineOutcome }> {
  const mark = `@${randomBytes(6).toString('hex')}`;
  let done = 0;
  const reader = caseReader(mark, (index, end) => {
    done = index + 1;
    onVerdict(verdictOf(kernel, runs[index]?.name ?? '', end));
  });
  const limits = runs.map(({ definition }) => definition.seconds ?? defaultSeconds);
  const outcome = await bootMachine({
    kernel,
    init,
    payload: payloadOf(runs, kernel),
    script: 'exec /lab/run-cases',
    environment: { LAB_MARK: mark },
    commandLine: commandLineOf(group),
    timeout: 120 + limits.reduce((sum, seconds) => sum + seconds, 0),
    silence: 60 + Math.max(...limits),
    onLine: reader.line,
  });
  if (done < runs.length) {
    const reason = [...reader.unfinished(), wordsFor(outcome)].join('\n');
    onVerdict({ kernel, name: runs[done]?.name ?? '', word: 'FAIL', reason, milliseconds: 0 });
    done++;
  }
  return { done, outcome };
}

/** Cases that share a machine, until one of them ends it. */
export interface Boot {
  readonly kernel: Kernel;
  readonly init: Init;
  /** Those of the kernel module have a machine of their own. */
  readonly group: 'kmod' | Init;
  readonly runs: readonly Run[];
}

const groupOf = ({ name, init }: MachineCase): Boot['group'] =>
  init ?? (name.startsWith('kmod/') ? 'kmod' : 'lab');

/** What has to be booted for the cases with one kernel. */
export function bootsFor(cases: readonly MachineCase[], kernel: Kernel): readonly Boot[] {
  return (['kmod', ...inits] as const)
    .map(group => ({
      kernel,
      init: group === 'kmod' ? ('lab' as const) : group,
      group,
      runs: runsFor(
        cases.filter(one => groupOf(one) === group),
        kernel,
      ),
    }))
    .filter(({ runs }) => runs.length > 0);
}

/** How long they may take, in seconds. */
const limitOf = ({ runs }: Boot): number =>
  runs.reduce((sum, { definition }) => sum + (definition.seconds ?? defaultSeconds), 0);

export const jobFor = (boot: Boot, onVerdict: (verdict: Verdict) => void): Job => ({
  seconds: limitOf(boot),
  alone: false,
  run: () => runBoot(boot, onVerdict),
});

/** A case that ends the machine fails, and the others go on in the next one. */
async function runBoot(boot: Boot, onVerdict: (verdict: Verdict) => void): Promise<void> {
  const { kernel, group } = boot;
  let left = boot.runs;
  while (left.length > 0) {
    const { done, outcome } = await bootOnce(boot, left, onVerdict);
    if (outcome.ending.kind === 'no-machine') {
      for (const { name } of left.slice(done))
        onVerdict({ kernel, name, word: 'FAIL', reason: 'no machine', milliseconds: 0 });
      return;
    }
    if (outcome.ending.kind === 'exit')
      onVerdict({
        kernel,
        name: `kernel/does-not-complain/${group}`,
        word: outcome.complaints.length === 0 ? 'ok' : 'FAIL',
        reason: outcome.complaints.join('\n'),
        milliseconds: 0,
      });
    left = left.slice(done);
  }
}

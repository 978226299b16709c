import type { MachineOutcome } from '../vm/machine.js';

export interface Verdicts {
  /** The lines to print, without the programs' own counts. */
  readonly lines: readonly string[];
  readonly passed: number;
  readonly failed: number;
}

const counts = /^(\d+) passed, (\d+) failed$/;

/**
 * Counts the programs' `ok` and `FAIL` lines. A machine that did not come to its end, a kernel that complained, and a program whose own counts
 * are missing or other than its lines are failures too.
 */
export function verdictsOf(outcome: MachineOutcome): Verdicts {
  const lines = outcome.output.split('\n').filter(line => line !== '');
  const told = lines.flatMap(line => {
    const match = counts.exec(line);
    return match ? [{ passed: Number(match[1]), failed: Number(match[2]) }] : [];
  });
  const sum = (of: readonly number[]) => of.reduce((total, value) => total + value, 0);
  const passed = lines.filter(line => line.startsWith('ok ')).length;
  const failed = lines.filter(line => line.startsWith('FAIL ')).length;
  const troubles: readonly string[] = [
    ...(outcome.ending.kind === 'exit' ? [] : [`the machine came to no end: ${outcome.ending.kind}`]),
    ...(outcome.ending.kind === 'exit' && (outcome.exitCode === 0) !== (failed === 0)
      ? [`exit code ${outcome.exitCode}`]
      : []),
    ...(sum(told.map(one => one.passed)) === passed && told.length > 0 ? [] : ['the counts do not add up']),
    ...outcome.complaints.map(line => `the kernel: ${line.trim()}`),
  ];
  return {
    lines: [...lines.filter(line => !counts.test(line)), ...troubles.map(trouble => `FAIL ${trouble}`)],
    passed,
    failed: failed + troubles.length,
  };
}

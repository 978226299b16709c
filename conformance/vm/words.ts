import type { MachineOutcome } from './machine.js';

function unreachable(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}

const lastLines = (text: string, count: number) => text.trimEnd().split('\n').slice(-count);

function ending({ ending: end, console }: MachineOutcome): readonly string[] {
  switch (end.kind) {
    case 'exit':
      return [`the script ended with exit code ${end.exitCode}`];
    case 'panic':
      return ['the kernel panicked; the end of its console:', ...lastLines(console, 40)];
    case 'deadline':
      return ['the timeout was over; the end of the console:', ...lastLines(console, 20)];
    case 'stopped':
      return [
        'the machine stopped before the script ended; the end of its console:',
        ...lastLines(console, 20),
      ];
    case 'no-machine':
      return [end.message];
    default:
      return unreachable(end);
  }
}

/** How a machine ended, for a person. */
export function wordsFor(outcome: MachineOutcome): string {
  const { firstLine, total } = outcome.seconds;
  const times = `${firstLine === null ? 'no line' : `first line after ${firstLine.toFixed(1)} s`}, end after ${total.toFixed(1)} s`;
  return [
    ...ending(outcome),
    ...(outcome.complaints.length === 0 ? [] : ['the kernel complained:', ...outcome.complaints]),
    times,
  ]
    .map(line => `vm: ${line}`)
    .join('\n');
}

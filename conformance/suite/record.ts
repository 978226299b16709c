/** What a run showed, kept in the repository: the source of docs/conformance.md beside the table of requirements. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import type { CallerName } from './callers.js';
import type { Verdict } from './table.js';

/** Case by case, `+` holds, `~` makes no sense there, anything else is why it does not hold. */
export type Seen = Readonly<Record<string, string>>;

export interface RecordedRun {
  readonly runtime: string;
  readonly version: string;
  readonly caller: CallerName;
  readonly kernel: string;
  readonly day: string;
  readonly seen: Seen;
}

export function readRecord(file: string): readonly RecordedRun[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly RecordedRun[]) : [];
}

/** Takes the place of what the record had of the same cases, runtimes and caller. */
export function addToRecord(
  file: string,
  caller: CallerName,
  paths: ReadonlyMap<string, string>,
  verdicts: readonly Verdict[],
): void {
  const before = readRecord(file);
  const runs = [...paths].map(([runtime, path]): RecordedRun => {
    const own = verdicts.filter(verdict => verdict.runtime === runtime && !verdict.name.startsWith('host/'));
    return {
      runtime,
      version: versionOf(path),
      caller,
      kernel: release(),
      day: new Date().toISOString().slice(0, 10),
      seen: {
        ...before.find(run => run.caller === caller && run.runtime === runtime)?.seen,
        ...Object.fromEntries(own.map(verdict => [verdict.name, wordOf(verdict)])),
      },
    };
  });
  const kept = before.filter(run => run.caller !== caller || !paths.has(run.runtime));
  const all = [...kept, ...runs].sort((one, other) => keyOf(one).localeCompare(keyOf(other)));
  writeFileSync(file, `${JSON.stringify(all, null, 1)}\n`);
}

const keyOf = ({ runtime, caller }: RecordedRun): string => `${runtime} ${caller}`;

function wordOf({ word, reason }: Verdict): string {
  switch (word) {
    case 'ok':
    case 'unsteady':
      return '+';
    case 'skip':
      return `~ ${reason}`;
    case 'FAIL':
    case 'differs':
      return reason
        .replace(/\/tmp\/\S+/g, 'PATH')
        .replace(/\s+/g, ' ')
        .slice(0, 160);
    default:
      throw new Error(`unexpected ${JSON.stringify(word satisfies never)}`);
  }
}

/** The number in the first line of `--version`. */
function versionOf(path: string): string {
  const text = execFileSync(path, ['--version'], { encoding: 'utf8' });
  return /\d+\.\d+(\.\d+)?/.exec(text)?.[0] ?? 'unknown';
}

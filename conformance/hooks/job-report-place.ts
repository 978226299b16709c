/** Where job-report writes in its cases, and what it has written. */
import { mkdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { insist, type Machine, newName, readIfThere, settingsFile } from './machine.js';

export const records = '/run/chos-hooks/job-report';

export interface Report {
  readonly id: string;
  readonly args: readonly string[];
  readonly exit: { readonly code?: number; readonly signal?: number } | null;
  readonly memory: { readonly peak: number } | null;
  readonly cpu: { readonly seconds: number } | null;
  readonly mounts: { readonly made: number; readonly leftOut: number };
  readonly seconds: number;
  readonly [member: string]: unknown;
}

export interface Place {
  readonly file: string;
  readonly junit: string;
  /** In the place of conmon's. */
  readonly exits: string;
  readonly options: readonly string[];
}

export function placeOf(machine: Machine): Place {
  const dir = join(machine.dir, `reports-${newName()}`);
  const [file, junit, exits] = [join(dir, 'jobs.jsonl'), join(dir, 'junit'), join(dir, 'exits')];
  for (const folder of [junit, exits]) mkdirSync(folder, { recursive: true });
  return { file, junit, exits, options: ['--settings', settingsFile(machine, { file, junit, exits })] };
}

export function onlyReport(place: Place): Report {
  const lines = readFileSync(place.file, 'utf8').trimEnd().split('\n');
  insist('reports', lines.length, 1);
  return JSON.parse(lines[0] ?? '') as Report;
}

/** Nobody waits for it in these cases; resolves with its first line. */
export function reported(place: Place): Promise<Report> {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error('no report within 60 s')), 60_000);
    const look = () => {
      if (!readIfThere(place.file).includes('\n')) return;
      clearTimeout(timer);
      watcher.close();
      done(onlyReport(place));
    };
    const watcher = watch(join(place.file, '..'), look);
    look();
  });
}

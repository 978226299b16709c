/** Runs of scope-program.ts against a systemd that answers as a test says. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageFile } from '../../../../engine/test/engine.js';
import {
  type Answer,
  busError,
  busReturn,
  busSignal,
  fakeBus,
  type Heard,
  type Hello,
} from '../../../bus/test/fake-bus.js';
import { descriptionIn, listed } from './scope-answers.js';
import { type ScopeProgram, scopeProgram } from './scope-program.js';

interface How extends Pick<ScopeProgram, 'does' | 'mount' | 'stateDir'> {
  kind?: 'direct' | 'bus';
  hello?: Hello;
  config?: object;
  annotations?: object;
  within?: readonly string[];
  owner?: number;
  /** It does not listen. */
  absent?: boolean;
  /** The deadline is to pass, after this many of these calls; else no deadline ends it. */
  outlasts?: readonly [member: string, times: number];
}

/** A machine that is busy elsewhere may take longer than the first of these until a call has come. */
const DEADLINES_MS: readonly number[] = [700, 7_000, 60_000];

let count = 0;
export const JOB = '/org/freedesktop/systemd1/job/12';
export const removed = (job: string, result: string): Buffer =>
  busSignal('JobRemoved', 'uoss', [12, job, 'libpod-box.scope', result]);

interface Ran {
  readonly out: string;
  readonly heard: readonly Heard[];
}

/** One program, which starts the scope and stops it again if nothing else is said; what it printed, and what was asked. */
async function once(
  base: string,
  answer: Answer,
  milliseconds: number,
  {
    kind = 'direct',
    hello,
    config = {},
    annotations = {},
    within = [],
    owner = 0,
    absent = false,
    ...more
  }: How,
): Promise<Ran> {
  const path = join(base, `socket-${count++}`);
  // Whoever listens is whom the kernel names.
  if (owner !== 0) process.seteuid?.(owner);
  const listening = fakeBus(path, answer, ...(hello === undefined ? [] : [hello]));
  if (owner !== 0) process.seteuid?.(0);
  const bus = await listening;
  const image = scopeProgram({
    path: absent ? `${path}.absent` : path,
    kind,
    milliseconds,
    linux: config,
    annotations,
    ...more,
  });
  const [program = '', ...argv] = [
    ...within,
    'build/chos-runtime-debug',
    '--engine-run',
    imageFile(image),
    'run',
  ];
  const child = spawn(program, argv);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (out += data));
  await new Promise(resolve => child.on('close', resolve));
  await bus.close();
  return { out, heard: bus.heard };
}

/** `answers`: anew for each attempt. */
async function startAndStop(base: string, answers: () => Answer, { outlasts, ...how }: How): Promise<Ran> {
  const [first = 0, ...longer] = outlasts === undefined ? DEADLINES_MS.slice(-1) : DEADLINES_MS;
  let ran = await once(base, answers(), first, how);
  for (const milliseconds of longer) {
    const [member = '', times = 0] = outlasts ?? [];
    if (ran.heard.filter(call => call.member === member).length >= times) break;
    ran = await once(base, answers(), milliseconds, how);
  }
  return ran;
}

/** A job that is done, among others. */
const started = (heard: Heard): readonly Buffer[] => [
  busSignal('JobNew', 'uos', [12, JOB, 'libpod-box.scope']),
  busReturn(heard, 'o', [JOB]),
  removed('/org/freedesktop/systemd1/job/11', 'failed'),
  removed(JOB, 'done'),
];

/** What the scope that was started last is called. */
let called = '';
export const lastDescription = (): string => called;

/** As systemd does it. */
export const sound: Answer = heard => {
  switch (heard.member) {
    case 'ListUnitsByNames':
      return [listed(heard, called)];
    case 'StartTransientUnit':
      called = descriptionIn(heard);
      return started(heard);
    case 'StopUnit':
      return started(heard);
    case 'ResetFailedUnit':
      return [busError(heard, 'org.freedesktop.systemd1.NoSuchUnit', 'gone')];
    default:
      return [busReturn(heard)];
  }
};

export const members = (heard: readonly Heard[]): readonly string[] => heard.map(({ member }) => member);

/** `end`: behind the last one. */
export function scopeRuns() {
  const base = mkdtempSync(join(tmpdir(), 'chos-scope-test-'));
  return {
    base,
    startAndStop: (answer: Answer, how: How = {}) => startAndStop(base, () => answer, how),
    startAndStopAnew: (answers: () => Answer, how: How) => startAndStop(base, answers, how),
    end: () => rmSync(base, { recursive: true, force: true }),
  };
}

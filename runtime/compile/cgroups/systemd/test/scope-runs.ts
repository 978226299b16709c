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
}

let count = 0;
export const JOB = '/org/freedesktop/systemd1/job/12';
export const removed = (job: string, result: string): Buffer =>
  busSignal('JobRemoved', 'uoss', [12, job, 'libpod-box.scope', result]);

/** One program, which starts the scope and stops it again if nothing else is said; what it printed, and what was asked. */
async function startAndStop(
  base: string,
  answer: Answer,
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
): Promise<{ readonly out: string; readonly heard: readonly Heard[] }> {
  const path = join(base, `socket-${count++}`);
  // Whoever listens is whom the kernel names.
  if (owner !== 0) process.seteuid?.(owner);
  const listening = fakeBus(path, answer, ...(hello === undefined ? [] : [hello]));
  if (owner !== 0) process.seteuid?.(0);
  const bus = await listening;
  const image = scopeProgram({
    path: absent ? `${path}.absent` : path,
    kind,
    milliseconds: 700,
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
    startAndStop: (answer: Answer, how: How = {}) => startAndStop(base, answer, how),
    end: () => rmSync(base, { recursive: true, force: true }),
  };
}

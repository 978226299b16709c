/**
 * SIGSTOP at system calls of one exchange with the service, and SIGCONT later (docs/compiler-service.md): whoever asks a service that is stopped has its answer or a
 * compiler of its own, in time; a service gives up who asks and is stopped, and keeps nothing of it.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Service } from '../harness/service.js';
import { call, check, chos, type Lab, residue } from './lab.js';
import { deleteForce } from './stops.js';
import { attached, type Call, callsFor, exchangeIn, spread, type ThreadCall } from './warm-calls.js';
import { begin, makePlace, notUsed, type Place, type Start, start, undo, worked } from './warm-faults.js';

const inject = ({ name, nth }: Call): readonly string[] => [
  '-e',
  `inject=${name}:signal=SIGSTOP:when=${nth}`,
];

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Milliseconds until something is so that has to be. */
const SOON = 20_000;
/** What a start may take: the longest that it waits for a service, and a compiler of its own. */
const LONGEST = 12_000;

async function until(so: () => boolean): Promise<boolean> {
  const end = performance.now() + SOON;
  while (!so()) {
    if (performance.now() > end) return false;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  return true;
}

/** It answers, and has no more descriptors than it had. */
async function recovers({ lab }: Place, service: Service, descriptors: number): Promise<readonly string[]> {
  const before = service.answered();
  const answers = await until(() => {
    chos(lab, ['list']);
    return service.answered() > before;
  });
  const closes = await until(() => descriptorsOf(service.pid) <= descriptors);
  return [
    ...(answers ? [] : ['it does not answer the next one']),
    ...(closes ? [] : [`${descriptors} descriptors, then ${descriptorsOf(service.pid)}`]),
  ];
}

/** At some calls of each of its two threads. */
async function servicesStopped(place: Place, service: Service, most: number): Promise<void> {
  const { lab } = place;
  const log = join(lab.dir, 'stopped-trace');
  const [one] = place.starts as readonly [Start];
  const exchange = async (): Promise<unknown> => {
    start(place, one);
    return await undo(place);
  };
  // The first time more is to do: what is asked again is known (runtime/cli/known.ts).
  await exchange();
  const all = await callsFor(service.pid, log, exchange);
  const chosen: readonly ThreadCall[] = all.flatMap(calls => spread(calls, most));
  chos(lab, ['list']);
  const descriptors = descriptorsOf(service.pid);
  let stopped = 0;
  for (const at of chosen) {
    const trace = await attached(at.thread, ['-o', log, ...inject(at)]);
    const began = performance.now();
    const ended = start(place, one);
    const took = performance.now() - began;
    if (/stopped by SIGSTOP/.test(readFileSync(log, 'utf8'))) stopped++;
    process.kill(service.pid, 'SIGCONT');
    await trace.leave();
    // A thread that had not come to its call by then has stopped since.
    process.kill(service.pid, 'SIGCONT');
    check(`${place.of}: the service stopped at ${at.name} ${at.nth}`, [
      ...worked(ended, ended.err === '' ? null : notUsed('it does not answer')),
      ...(took < LONGEST ? [] : [`${took} ms`]),
      ...(await recovers(place, service, descriptors)),
      ...(await undo(place)),
    ]);
  }
  check(
    `${place.of}: the service was there to be stopped`,
    all.every(({ length }) => length > 8) && 4 * stopped >= 3 * chosen.length
      ? []
      : [`${stopped} of ${chosen.length}, of ${all.map(({ length }) => length).join(' and ')}`],
  );
  console.log(`${place.of}: ${chosen.length} of ${all.flat().length} calls of the service`);
}

/** Each stopped at another call, all at once: so the service waits for all of them in the time that it waits for one. */
async function callersStopped(place: Place, service: Service): Promise<void> {
  const { lab } = place;
  const log = join(lab.dir, 'stopped-trace');
  const [one] = place.starts as readonly [Start];
  const argv = ['--debug', '--root', lab.root, ...one.args.slice(0, -1)];
  call(lab, ['strace', '-o', log, lab.runtime, ...argv, place.id]);
  await undo(place);
  const calls = exchangeIn(log, 'socket');
  chos(lab, ['list']);
  const descriptors = descriptorsOf(service.pid);
  const callers = calls.map((at, i) => {
    const trace = `${log}-${i}`;
    const command = ['-o', trace, ...inject(at), lab.runtime, ...argv, `${place.id}${i}`];
    const child = spawn('strace', command, {
      stdio: ['ignore', 'ignore', 'ignore'],
      env: { ...process.env, ...lab.env },
    });
    const ended = new Promise<number | null>(done => child.on('exit', done));
    return { at, ended, child, id: `${place.id}${i}`, trace };
  });
  const isStopped = ({ trace, child }: (typeof callers)[number]): boolean =>
    child.exitCode !== null || /stopped by SIGSTOP/.test(textOf(trace));
  const all = await until(() => callers.every(isStopped));
  const there = callers.filter(({ child }) => child.exitCode === null).length;
  check(`${place.of}: callers are stopped`, [
    ...(all && calls.length > 10 && there === calls.length ? [] : [`${there} of ${calls.length}`]),
    ...(await recovers(place, service, descriptors)).map(text => `meanwhile: ${text}`),
  ]);
  for (const { child, at, ended, id } of callers) {
    for (const pid of childrenOf(child.pid ?? 0)) process.kill(pid, 'SIGCONT');
    const code = await ended;
    check(`${place.of}: stopped at ${at.name} ${at.nth}, and then not`, [
      ...(code === 0 ? [] : [`${code}`]),
      ...(await deleteForce(lab, id)),
    ]);
  }
  check(`${place.of}: afterwards`, [
    ...(await recovers(place, service, descriptors)),
    ...residue(lab, place.id),
  ]);
  console.log(`${place.of}: ${calls.length} calls of who asks`);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const childrenOf = (pid: number): readonly number[] =>
  textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);

export async function warmStopped(lab: Lab): Promise<void> {
  const began = performance.now();
  const place = { ...(await makePlace(lab)), of: `warm stopped, ${lab.caller}` };
  const service = await begin(place);
  await servicesStopped(place, service, lab.caller === 'root' ? 6 : 2);
  await callersStopped(place, service);
  await service.end();
  console.log(`${place.of}: ${Math.round(performance.now() - began)} ms`);
}

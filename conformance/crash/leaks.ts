/**
 * Many containers at once, and many one after the other: nothing is left of them, each has as many descriptors as the first, and the last start is
 * told beside the first. `--leaks` runs this alone, LEAKS_ALIVE and LEAKS_RUNS say how many; only what can be counted is checked, times are printed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBundle } from './bundles.js';
import { call, check, chos, type Lab, residue } from './lab.js';

const alive = Number(process.env.LEAKS_ALIVE ?? 60);
const runs = Number(process.env.LEAKS_RUNS ?? 100);

/** An executable of the bundle, so that Node is asked once. */
function compiled(
  lab: Lab,
  name: string,
  way: 'foreground' | 'detached',
  options: readonly string[] = [],
): readonly string[] {
  const bundle = makeBundle(lab, { name, change: () => undefined }, way);
  const program = join(lab.dir, `${name}-program`);
  const made = chos(lab, ['compile', ...options, bundle.dir, '-o', program]);
  if (made.code !== 0) throw new Error(made.err);
  return [program, '--root', lab.root, '--id'];
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** The first tenth beside the last. */
function compared(milliseconds: readonly number[]): string {
  const tenth = Math.max(1, Math.floor(milliseconds.length / 10));
  const [first, last] = [median(milliseconds.slice(0, tenth)), median(milliseconds.slice(-tenth))];
  return `the first ${tenth} took ${first.toFixed(2)} ms, the last ${last.toFixed(2)} ms: x ${(last / first).toFixed(2)}`;
}

/** Of the host: others may be at work, so these are told and not judged. */
function ofHost(): string {
  const [files = ''] = readFileSync('/proc/sys/fs/file-nr', 'utf8').split('\t');
  const [, available = ''] = /MemAvailable: *(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return `${files} open files, ${Math.round(Number(available) / 1024)} MiB available`;
}

/** What this process sees of itself and of its directory. */
const counted = (lab: Lab): readonly number[] => [
  readdirSync('/proc/self/fd').length,
  readdirSync(lab.dir, { recursive: true }).length,
];

function timed(
  lab: Lab,
  argv: readonly string[],
): { readonly complaint: string; readonly milliseconds: number } {
  const began = performance.now();
  const ended = call(lab, argv);
  const complaint = ended.code === 0 ? '' : `${argv.at(-1)}: exit code ${ended.code}: ${ended.err}`;
  return { complaint, milliseconds: performance.now() - began };
}

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

function manyAlive(lab: Lab): void {
  const ids = Array.from({ length: alive }, (_, i) => `${lab.tag}-a${i}`);
  // Of a user the kernel keeps 200 keys (/proc/sys/kernel/keys/maxkeys), and a container has a keyring of its own: with crun and runc, too, this is the option for more.
  const more = lab.caller !== 'root' && alive > 150 ? ['--no-new-keyring'] : [];
  const program = compiled(lab, 'alive', 'detached', more);
  // The files of the streams are there from the first call on.
  call(lab, ['/bin/true']);
  const before = counted(lab);
  const started = ids.map(id => timed(lab, [...program, id, '--detach']));
  const listed = JSON.parse(chos(lab, ['list', '--format', 'json']).out || '[]') as readonly {
    readonly status: string;
    readonly pid: number;
  }[];
  const descriptors = new Set(listed.map(({ pid }) => descriptorsOf(pid)));
  check(`${alive} at once`, [
    ...started.flatMap(({ complaint }) => (complaint === '' ? [] : [complaint])).slice(0, 3),
    ...(listed.filter(({ status }) => status === 'running').length === alive
      ? []
      : [`${listed.length} are listed`]),
    ...(descriptors.size === 1 ? [] : [`they have ${[...descriptors].join(', ')} descriptors`]),
  ]);
  const deleted = ids.map(id => timed(lab, [lab.runtime, '--root', lab.root, 'delete', '--force', id]));
  check(`${alive} at once, deleted`, [
    ...deleted.flatMap(({ complaint }) => (complaint === '' ? [] : [complaint])).slice(0, 3),
    ...ids.flatMap(id => residue(lab, id)),
    ...changed(before, counted(lab)),
  ]);
  console.log(
    `${lab.caller}: of ${alive} at once ${compared(started.map(({ milliseconds }) => milliseconds))}`,
  );
}

const changed = (before: readonly number[], after: readonly number[]): readonly string[] =>
  before.join() === after.join()
    ? []
    : [`descriptors and files were ${before.join(' and ')}, are ${after.join(' and ')}`];

function manyRuns(lab: Lab): void {
  const program = compiled(lab, 'runs', 'foreground');
  call(lab, ['/bin/true']);
  const [before, host] = [counted(lab), ofHost()];
  const id = (i: number): string => `${lab.tag}-r${i}`;
  const ended = Array.from({ length: runs }, (_, i) => timed(lab, [...program, id(i)]));
  check(`${runs} runs`, [
    ...ended.flatMap(({ complaint }) => (complaint === '' ? [] : [complaint])).slice(0, 3),
    ...Array.from({ length: runs }, (_, i) => i).flatMap(i => residue(lab, id(i))),
    ...changed(before, counted(lab)),
  ]);
  console.log(`${lab.caller}: of ${runs} runs ${compared(ended.map(({ milliseconds }) => milliseconds))}`);
  console.log(`${lab.caller}: the host had ${host}; has ${ofHost()}`);
}

export function leaks(lab: Lab): void {
  manyAlive(lab);
  manyRuns(lab);
}

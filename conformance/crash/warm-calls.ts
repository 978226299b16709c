/** System calls of one exchange with the service, and strace(1) to do something at one of them. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

export interface Call {
  readonly name: string;
  /** It is the so manieth of its name in its thread: strace(1) counts these by themselves. */
  readonly nth: number;
}

export interface ThreadCall extends Call {
  readonly thread: number;
}

/** What the compiler itself asks of files; the rest is how its threads wait for each other, and differs from time to time. */
const OF_FILES =
  /^(open|openat|read|pread64|close|stat|lstat|fstat|newfstatat|statx|access|faccessat2?|readlink|readlinkat|getdents64)$/;

/** The first thread but that one which asks something of files. */
function otherThread(log: string, pid: number): number {
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const [, thread = '', name = ''] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (OF_FILES.test(name) && Number(thread) !== pid) return Number(thread);
  }
  throw new Error('no other thread asks anything');
}

/** Of a trace of that thread alone: what it asks of files. */
function callsOf(log: string, thread: number): readonly ThreadCall[] {
  const counts = new Map<string, number>();
  return readFileSync(log, 'utf8')
    .split('\n')
    .flatMap(line => {
      const [, name = ''] = /^(\w+)\(/.exec(line) ?? [];
      if (!OF_FILES.test(name)) return [];
      const nth = (counts.get(name) ?? 0) + 1;
      counts.set(name, nth);
      return [{ name, nth, thread }];
    });
}

export interface Tracer {
  readonly ended: Promise<void>;
  /** It goes, and leaves what it has traced as it is. */
  readonly leave: () => Promise<void>;
}

/** A strace(1) of that thread, and of all others with `-f`, once it is there. */
export function attached(thread: number, options: readonly string[]): Promise<Tracer> {
  const child = spawn('strace', [...options, '-p', String(thread)], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>(done => child.on('close', () => done()));
  const leave = (): Promise<void> => {
    child.kill('SIGTERM');
    return ended;
  };
  return new Promise(done => child.stderr.once('data', () => done({ ended, leave })));
}

/** The calls from the first of that name to the first `close` of what it returned. */
export function exchangeIn(log: string, from: string): readonly Call[] {
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .flatMap(line => {
      const [, name, rest = ''] = /^(\w+)\((.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, rest }];
    });
  const calls = lines.map(({ name }, i) => ({
    name,
    nth: lines.slice(0, i + 1).filter(other => other.name === name).length,
  }));
  const begin = lines.findIndex(({ name }) => name === from);
  const fd = / = (\d+)/.exec(lines[begin]?.rest ?? '')?.[1];
  const end = lines.findIndex(
    ({ name, rest }, i) => i > begin && name === 'close' && rest.startsWith(`${fd})`),
  );
  return calls.slice(begin, end + 1);
}

/** Milliseconds; whoever asked may be gone before the service closes what it accepted. */
const CLOSED = 20_000;

/** The same of a trace that goes on, once the last of these calls has come; none, if it does not come. */
async function wholeExchangeIn(log: string, from: string): Promise<readonly Call[]> {
  const end = performance.now() + CLOSED;
  for (;;) {
    const calls = exchangeIn(log, from);
    if (calls.length > 0 || performance.now() > end) return calls;
    await wait(10);
  }
}

/** Of so many the shortest: what was read ahead too early is read again. */
const TIMES = 4;

/** What the thread that speaks to callers does from accept to close, and what one that compiles asks of files, while `exchange` has something answered, several times. */
export async function callsFor(
  pid: number,
  log: string,
  exchange: () => Promise<unknown>,
): Promise<readonly [speaks: readonly ThreadCall[], compiles: readonly ThreadCall[]]> {
  const traced = async (thread: number, ...options: readonly string[]): Promise<Tracer> => {
    const tracer = await attached(thread, [...options, '-o', log]);
    await exchange();
    return tracer;
  };
  await (await traced(pid, '-f')).leave();
  const other = otherThread(log, pid);
  const tracer = await traced(pid);
  const speaks = (await wholeExchangeIn(log, 'accept4')).map(one => ({ ...one, thread: pid }));
  await tracer.leave();
  let compiles: readonly ThreadCall[] = [];
  for (let i = 0; i < TIMES; i++) {
    await (await traced(other)).leave();
    const calls = callsOf(log, other);
    if (i === 0 || calls.length < compiles.length) compiles = calls;
  }
  return [speaks, compiles];
}

/** So many of them, at equal distances. */
export const spread = <One>(all: readonly One[], most: number): readonly One[] =>
  all.length <= most
    ? all
    : Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)] as One);

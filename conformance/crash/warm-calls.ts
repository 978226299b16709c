/** System calls of one exchange with the service, and strace(1) to do something at one of them. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

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

/** Calls of the threads but the first, each the so manieth of its name in its thread. */
export function otherThreads(log: string, pid: number): readonly ThreadCall[] {
  const counts = new Map<string, number>();
  return log.split('\n').flatMap(line => {
    const [, thread = '', name = ''] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (!OF_FILES.test(name) || Number(thread) === pid) return [];
    const nth = (counts.get(`${thread} ${name}`) ?? 0) + 1;
    counts.set(`${thread} ${name}`, nth);
    return [{ name, nth, thread: Number(thread) }];
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

/** What the thread that speaks to callers does from accept to close, and what one that compiles asks of files, while `exchange` has something answered, twice. */
export async function callsFor(
  pid: number,
  log: string,
  exchange: () => Promise<unknown>,
): Promise<readonly [speaks: readonly ThreadCall[], compiles: readonly ThreadCall[]]> {
  const all = await attached(pid, ['-f', '-o', log]);
  await exchange();
  await all.leave();
  const others = otherThreads(readFileSync(log, 'utf8'), pid);
  const own = await attached(pid, ['-o', log]);
  await exchange();
  await own.leave();
  const most = others.filter(({ thread }) => thread === others[0]?.thread);
  return [exchangeIn(log, 'accept4').map(one => ({ ...one, thread: pid })), most];
}

/** So many of them, at equal distances. */
export const spread = <One>(all: readonly One[], most: number): readonly One[] =>
  all.length <= most
    ? all
    : Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)] as One);

/** `events`: statistics of a container, once or again and again, and the kernel's notices that it ran out of memory for it. One line of JSON each, as runc. */
import { writeSync } from 'node:fs';
import { containerStats } from '../host/container-stats.js';
import { codeOf } from '../host/error-code.js';
import { jsonText } from '../report/json-text.js';
import { durationOf } from './duration.js';
import { type Found, findContainer } from './find-container.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';

const DEFAULT_INTERVAL = '5s';
/** Standard output: the front door hands down that of the caller. */
const OUTPUT = 1;

const statsLine = ({ id, state }: Found): string =>
  `${jsonText({ type: 'stats', id, data: containerStats(state.chos.cgroups) })}\n`;

/** False: nobody reads it any more. */
async function write(text: string): Promise<boolean> {
  const { poll, POLLOUT } = await import('../host/libc.js');
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(OUTPUT, bytes, at);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') return false;
      // Somebody else has made the pipe one that does not wait.
      poll([{ fd: OUTPUT, events: POLLOUT }], -1);
    }
  }
  return true;
}

/** Until the container ends, or nobody reads any more. SIGTERM and SIGINT have their usual effect: nothing has to be put away. */
async function stream(found: Found, interval: number): Promise<Outcome> {
  const { watch } = await import('../host/wait-for.js');
  const { id, state } = found;
  const seen = watch(state, state.chos.cgroups, OUTPUT);
  if (seen === null) return failed({ kind: 'not-running', id, verb: 'watch' });
  let next = performance.now() + interval;
  for (;;) {
    const { killed, over } = seen.wait(Math.max(0, Math.ceil(next - performance.now())));
    for (let count = 0; count < killed; count++)
      if (!(await write(`${JSON.stringify({ type: 'oom', id })}\n`))) return done('');
    if (over) return done('');
    if (performance.now() < next) continue;
    if (!(await write(statsLine(found)))) return done('');
    // What was missed while nobody read is not made up for.
    next = Math.max(next + interval, performance.now());
  }
}

export async function events(invocation: Invocation): Promise<Outcome> {
  const { options } = invocation.line;
  const given = options.texts.get('interval') ?? DEFAULT_INTERVAL;
  const interval = durationOf(given);
  if (interval === null)
    return failed({
      kind: 'usage',
      fault: {
        kind: 'bad-value',
        option: '--interval',
        value: given,
        expected: 'a duration such as 5s, 1m30s or 500ms',
      },
    });
  const found = findContainer(invocation, 'watch');
  if (found.kind === 'failure') return failed(found.failure);
  const { id, status } = found.value;
  if (status === 'stopped' || status === 'creating')
    return failed({ kind: 'not-running', id, verb: 'watch' });
  return options.flags.has('stats') ? done(statsLine(found.value)) : stream(found.value, interval);
}

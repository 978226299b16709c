/** How far an import is: one line that is written over and over on a terminal, a line for each step elsewhere. */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { sizeText } from '../report/store-text.js';
import { visible } from '../report/visible.js';

/** Standard output: the front door hands down that of the caller. */
const OUTPUT = 1;
/** Milliseconds between two looks of one line. */
const PAUSE = 100;

export interface Progress {
  begin(what: string, bytes: number): void;
  read(bytes: number): void;
  /** Takes the line away. */
  end(): void;
}

export interface Screen {
  readonly terminal: boolean;
  write(text: string): void;
  /** Milliseconds. */
  now(): number;
  /** Does it every second, until what comes back is called. */
  everySecond(act: () => void): () => void;
}

/** Whether somebody still reads it is of no concern to the import. */
function write(text: string): void {
  try {
    writeSync(OUTPUT, text);
  } catch {
    // A pipe that is full or closed.
  }
}

function everySecond(act: () => void): () => void {
  const timer = setInterval(act, 1000).unref();
  return () => clearInterval(timer);
}

const screen = (): Screen => ({
  terminal: isatty(OUTPUT),
  write,
  now: () => performance.now(),
  everySecond,
});

export const silent: Progress = { begin: () => undefined, read: () => undefined, end: () => undefined };

/** Of a total that is known before; files with several names may be read more than once. */
function measure(seen: number, total: number, seconds: number): string {
  const rate = seconds > 0 ? seen / seconds : 0;
  const left = rate > 0 ? `  ${Math.max(0, Math.ceil((total - seen) / rate))} s left` : '';
  const part = Math.min(100, Math.floor((100 * seen) / total));
  return `  ${part} %  ${sizeText(seen)} of ${sizeText(total)}  ${sizeText(rate)}/s${left}`;
}

export function progressOf(name: string, on: Screen = screen()): Progress {
  const { terminal, write, now } = on;
  let what = '';
  let total = 0;
  let seen = 0;
  let began = 0;
  let last = Number.NEGATIVE_INFINITY;
  const show = (): void => {
    last = now();
    const seconds = (last - began) / 1000;
    const whole = Math.floor(seconds);
    const far = total > 0 ? measure(seen, total, seconds) : whole > 0 ? `  ${whole} s` : '';
    write(`\r\u001b[K${visible(name)}: ${visible(what)}${far}`);
  };
  let stop: (() => void) | null = null;
  return {
    begin(next, bytes) {
      [what, total, seen, began] = [next, bytes, 0, now()];
      if (terminal) {
        stop ??= on.everySecond(show);
        show();
      } else write(`${visible(name)}: ${visible(what)}${bytes === 0 ? '' : `, ${sizeText(bytes)}`}\n`);
    },
    read(bytes) {
      seen += bytes;
      if (terminal && now() - last >= PAUSE) show();
    },
    end() {
      stop?.();
      stop = null;
      if (terminal) write('\r\u001b[K');
    },
  };
}

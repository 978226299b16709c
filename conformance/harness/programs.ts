import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Programs } from './bundle.js';

const cflags =
  '-static -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes';
const withoutLibrary = ['-nostdlib', '-ffreestanding', '-fno-stack-protector'];

export function programsIn(bin: string): Programs {
  return {
    reporter: join(bin, 'reporter'),
    outside: join(bin, 'outside'),
    busybox: join(bin, 'busybox'),
    end: join(bin, 'end'),
  };
}

/** From the folder `sources` into `bin`. Linked statically, because the roots of the cases are empty. */
export function buildPrograms(sources: string, bin: string): Programs {
  mkdirSync(bin);
  const programs = programsIn(bin);
  const compile = (to: string, files: readonly string[], more: readonly string[] = []) =>
    execFileSync('gcc', [...cflags.split(' '), ...more, '-o', to, ...files.map(file => join(sources, file))]);
  compile(programs.reporter, ['main.c', 'report.c', 'probes.c', 'processes.c', 'json.c']);
  compile(programs.outside, ['outside.c']);
  compile(programs.end, ['end.c'], withoutLibrary);
  copyFileSync('/bin/busybox', programs.busybox);
  return programs;
}

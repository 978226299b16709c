/** Programs in the place of real ones, for the commands of the store: they look in /usr/local/sbin first, which is a place of the tests' own for so long. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, watch, writeFileSync } from 'node:fs';
import { run } from './archives.js';
import { base } from './machine.js';

const place = '/usr/local/sbin';

/** Scripts of sh(1) by the names of the programs. */
export async function withStandIns(
  programs: Readonly<Record<string, string>>,
  act: () => Promise<void> | void,
): Promise<void> {
  run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'stand-ins', place);
  try {
    for (const [name, script] of Object.entries(programs))
      writeFileSync(`${place}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await act();
  } finally {
    spawnSync('umount', ['-l', place]);
  }
}

const sign = `${base}/reached`;

/** The program goes no further where its arguments are like that, until its input ends; it says so, and `reached` resolves. */
export const stoppingAt = (program: string, pattern: string): string =>
  `case "$*" in ${pattern}) echo >${sign}; exec cat >/dev/null;; esac; exec ${program} "$@"`;

/** Call it before what is to reach it begins. */
export function reached(): Promise<void> {
  rmSync(sign, { force: true });
  return new Promise(resolve => {
    const watcher = watch(base, () => {
      if (!existsSync(sign)) return;
      watcher.close();
      resolve();
    });
  });
}

import { copyFileSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseConfig, type Config } from './config.js';

export interface Bundle {
  readonly dir: string;
  readonly rootfs: string;
}

/** Programs that every root holds; hard links, since a case's root lives in the same temporary directory. */
export interface Programs {
  readonly reporter: string;
  readonly outside: string;
  readonly busybox: string;
  /** Needs nothing but execve and exit_group. */
  readonly end: string;
}

const passwd = ['root:x:0:0:root:/root:/bin/sh', 'alice:x:1000:1000::/home/alice:/bin/sh', ''].join('\n');
const group = ['root:x:0:', 'tty:x:5:', 'alice:x:1000:', 'scratch:x:2000:alice', ''].join('\n');

/** Makes `dir/rootfs`: reporter, busybox and the directories that configurations mount over. */
export function makeBundle(dir: string, programs: Programs): Bundle {
  const rootfs = join(dir, 'rootfs');
  for (const path of ['bin', 'dev', 'etc', 'proc', 'sys', 'root', 'home/alice', 'data', 'tmp']) {
    mkdirSync(join(rootfs, path), { recursive: true });
  }
  linkSync(programs.reporter, join(rootfs, 'bin/reporter'));
  linkSync(programs.busybox, join(rootfs, 'bin/busybox'));
  linkSync(programs.end, join(rootfs, 'bin/end'));
  symlinkSync('busybox', join(rootfs, 'bin/sh'));
  writeFileSync(join(rootfs, 'etc/passwd'), passwd);
  writeFileSync(join(rootfs, 'etc/group'), group);
  writeFileSync(join(rootfs, 'data/note'), 'note\n');
  writeFileSync(join(rootfs, 'bin/not-executable'), '#!/bin/sh\n', { mode: 0o644 });
  return { dir, rootfs };
}

/** Base configuration, changed by `adapt` for who calls, + the case's change, written to the bundle; returns what was written. */
export function configure(
  bundle: Bundle,
  cgroupsPath: string,
  change: (config: Config) => void,
  adapt: (config: Config) => void = () => undefined,
): Config {
  const config = baseConfig(cgroupsPath);
  adapt(config);
  change(config);
  writeFileSync(join(bundle.dir, 'config.json'), JSON.stringify(config, null, 2));
  return config;
}

/** A private copy, for the case that changes the program's own mode or owner. */
export function copyProgram(from: string, to: string): void {
  copyFileSync(from, to);
}

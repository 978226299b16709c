/** The working tree's kernel module, built for a kernel of the lab, as a payload. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Kernel, kernelDirectory } from './machine.js';
import type { PayloadItem } from './payload.js';

const names = ['chos_link.ko', 'chos.ko'] as const;

function newest(directory: string): number {
  return Math.max(
    ...readdirSync(directory, { withFileTypes: true, recursive: true }).map(
      entry => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs,
    ),
  );
}

/** Kbuild writes beside the sources, so each kernel has a copy of them. Throws what the build says. */
export function kernelModule(kernel: Kernel): readonly PayloadItem[] {
  const sources = join(process.cwd(), 'kmod');
  const place = join(process.cwd(), 'build/vm', `kmod-${kernel}`);
  const files = names.map(name => join(place, name));
  const built = Math.min(...files.map(file => (existsSync(file) ? statSync(file).mtimeMs : 0)));
  if (built < newest(sources)) {
    rmSync(place, { recursive: true, force: true });
    cpSync(sources, place, { recursive: true });
    const { status, stdout, stderr } = spawnSync(
      'make',
      ['-C', kernelDirectory(kernel), `M=${place}`, 'modules'],
      { encoding: 'utf8', env: { PATH: process.env.PATH ?? '' } },
    );
    if (status !== 0) throw new Error(`make modules for Linux ${kernel}:\n${stdout}${stderr}`);
  }
  return names.map((name, i) => ({ from: files[i] ?? '', to: `/lab/${name}` }));
}

/** What the kernel module offers (docs/kernel-link.md): asked of every launch that names a tree, so without it this costs one look. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { codeOf } from '../host/error-code.js';

export const DIRECTORY = '/proc/chos';
/** What takes the ioctls. */
export const SETCHOS = `${DIRECTORY}/setchos`;
export const SKELETON_PARAMETER = '/sys/module/chos/parameters/skeleton';
export const DEFAULT_SKELETON = '/chos';

export type KernelFacts =
  | { readonly kind: 'absent' }
  | { readonly kind: 'too-old'; readonly version: string }
  | {
      readonly kind: 'present';
      readonly version: string;
      /** Where it moves those who choose a tree. */
      readonly skeleton: string;
      /** Its list of trees; null for who may not see it. */
      readonly valid: ReadonlySet<string> | null;
    };

/** What launches need (kmod/version.h): the link of a process is set by ioctl(2). */
const OLDEST = [0, 1] as const;

/** "version 0.1.0", the first line of /proc/chos/version. */
export function parseVersion(text: string): { readonly version: string; readonly enough: boolean } | null {
  const [, version, major, minor] = /^version ((\d+)\.(\d+)\S*)$/m.exec(text) ?? [];
  if (version === undefined) return null;
  const [oldestMajor, oldestMinor] = OLDEST;
  const [high, low] = [Number(major), Number(minor)];
  return { version, enough: high > oldestMajor || (high === oldestMajor && low >= oldestMinor) };
}

export function parseValid(text: string): ReadonlySet<string> {
  return new Set(text.split('\n').filter(line => line.startsWith('/')));
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** `directory`, `parameter`: other places, for tests. */
export function probeKernelLink(directory = DIRECTORY, parameter = SKELETON_PARAMETER): KernelFacts {
  if (!existsSync(`${directory}/version`)) return { kind: 'absent' };
  const told = parseVersion(textOf(`${directory}/version`) ?? '');
  if (told === null || !told.enough) return { kind: 'too-old', version: told?.version ?? '?' };
  const valid = textOf(`${directory}/valid`);
  return {
    kind: 'present',
    version: told.version,
    skeleton: textOf(parameter)?.trim() || DEFAULT_SKELETON,
    valid: valid === null ? null : parseValid(valid),
  };
}

const writeOnce = (file: string, text: string): void => writeFileSync(file, text, { flag: 'r+' });
const ownThreads = (): number => readdirSync('/proc/self/task').length;

/**
 * Whether the list has a tree, for who may not read it; null: the kernel does not say. What is not in the list is told first; then a write that would move this
 * process is refused, because it has threads (docs/kernel-link.md). So nothing is written by one that has none.
 */
export function isListed(path: string, write = writeOnce, threads = ownThreads): boolean | null {
  try {
    if (threads() > 1) write(SETCHOS, path);
    return null;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EPERM' || code === 'ENXIO') return true;
    return code === 'ENOENT' ? false : null;
  }
}

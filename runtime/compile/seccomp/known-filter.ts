import { type CompiledSeccomp, compileSeccomp, type NativeAbi } from './filter.js';
import type { LinuxSeccomp } from './linux-seccomp.js';

/** Profiles that are kept, and how long each may be, in UTF-16 code units of JSON: Podman's has 13,000. */
const MOST = 4;
const LONGEST = 64 * 1024;

/** By the JSON of their profiles; the one that was asked for last is the last. */
const known = new Map<string, CompiledSeccomp>();

/** JSON has no place for a bigint: such a profile is compiled each time. */
function textOf(seccomp: LinuxSeccomp): string | null {
  try {
    return JSON.stringify(seccomp);
  } catch {
    return null;
  }
}

/**
 * compileSeccomp(), which is pure, but for the last few profiles that it was asked for: Podman writes the same one into every config.json, and a service that
 * compiles for it has the filter at hand. Nobody may write into the program.
 */
export function knownFilter(seccomp: LinuxSeccomp, arch: NativeAbi): CompiledSeccomp {
  const text = textOf(seccomp);
  if (text === null || text.length > LONGEST) return compileSeccomp(seccomp, arch);
  const key = `${arch} ${text}`;
  const found = known.get(key);
  const compiled = found ?? compileSeccomp(seccomp, arch);
  known.delete(key);
  known.set(key, compiled);
  for (const oldest of known.keys()) {
    if (known.size <= MOST) break;
    known.delete(oldest);
  }
  return compiled;
}

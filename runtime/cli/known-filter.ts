/** Filters of seccomp that were compiled before. */
import type { CompileFilter } from '../compile/launch/launch.js';
import { type CompiledSeccomp, compileSeccomp } from '../compile/seccomp/filter.js';
import { Known } from './known.js';

/** Podman's profile is some 8,000 bytes of JSON. */
const known = new Known<readonly [arch: string, profile: string], CompiledSeccomp>(4, () => true);

type Profile = Parameters<CompileFilter>[0];

/** JSON has no place for a bigint: such a profile is compiled each time. */
function textOf(seccomp: Profile): string | null {
  try {
    return JSON.stringify(seccomp);
  } catch {
    return null;
  }
}

/** compileSeccomp(): Podman writes the same profile into every config.json, and a service that compiles for it has the filter at hand. Nobody may write into the program. */
export const knownFilter: CompileFilter = (seccomp, arch) => {
  const compile = (): CompiledSeccomp => compileSeccomp(seccomp, arch);
  const text = textOf(seccomp);
  return text === null ? compile() : known.find([arch, text], text.length, compile);
};

/** Podman's seccomp.json (rules with conditions on architecture and capabilities) -> the OCI linux.seccomp object. */
import { readFileSync } from 'node:fs';

interface Condition {
  readonly arches?: readonly string[] | null;
  readonly caps?: readonly string[] | null;
}

interface ProfileRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly { index: number; value: number; valueTwo: number; op: string }[] | null;
  readonly includes?: Condition;
  readonly excludes?: Condition;
}

interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly archMap: readonly {
    readonly architecture: string;
    readonly subArchitectures: readonly string[] | null;
  }[];
  readonly syscalls: readonly ProfileRule[];
}

const ownNames: Readonly<Record<string, { readonly arch: string; readonly seccomp: string }>> = {
  x64: { arch: 'amd64', seccomp: 'SCMP_ARCH_X86_64' },
  arm64: { arch: 'arm64', seccomp: 'SCMP_ARCH_AARCH64' },
};

/** Resolves the profile as Podman does for a process with `capabilities` on this machine. */
export const resolveProfile = (path: string, capabilities: readonly string[]): object => {
  const profile = JSON.parse(readFileSync(path, 'utf8')) as Profile;
  const own = ownNames[process.arch] ?? { arch: process.arch, seccomp: '' };
  const has = (caps: readonly string[]): boolean => caps.some(cap => capabilities.includes(cap));
  const applies = ({ includes, excludes }: ProfileRule): boolean => {
    if (includes?.arches?.length && !includes.arches.includes(own.arch)) return false;
    if (excludes?.arches?.includes(own.arch)) return false;
    if (includes?.caps?.length && !has(includes.caps)) return false;
    return !(excludes?.caps?.length && has(excludes.caps));
  };
  const mapped = profile.archMap.find(entry => entry.architecture === own.seccomp);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: [own.seccomp, ...(mapped?.subArchitectures ?? [])],
    syscalls: profile.syscalls.filter(applies).map(({ names, action, errnoRet, args }) => ({
      names,
      action,
      ...(errnoRet === undefined ? {} : { errnoRet }),
      ...(args?.length ? { args } : {}),
    })),
  };
};

/** Whether programs of a tree can run on this machine, and libraries of its features in the tree, as far as their files say. Nothing is executed. */
import { readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { basename } from 'node:path';
import { type Elf, readElf } from './elf.js';
import type { FeatureContent } from './feature-content.js';
import { type Find, finder, withRegular } from './inside.js';
import { directoryOf } from './prepare-input.js';
import type { RegisteredTree } from './registry.js';

export type AbiFinding =
  /** Programs for another machine; nobody is registered with the kernel to run them. */
  | { readonly kind: 'machine'; readonly path: string; readonly machine: string; readonly host: string }
  | { readonly kind: 'old-kernel'; readonly path: string; readonly needs: string; readonly kernel: string }
  /** `path`: null: the registry says so. */
  | { readonly kind: 'cpu'; readonly path: string | null; readonly needs: number; readonly level: number }
  /** `has`: null: it has another C library. */
  | {
      readonly kind: 'old-glibc';
      readonly feature: string;
      readonly path: string;
      readonly needs: string;
      readonly has: string | null;
    }
  | {
      readonly kind: 'no-library';
      readonly feature: string;
      readonly path: string;
      readonly library: string;
    };

/** What of the host it is compared with. */
export interface AbiHost {
  readonly machine: number;
  /** As uname(2) has it. */
  readonly kernel: string;
  /** Of x86-64-v1 to v4; 0: another machine. */
  readonly cpuLevel: number;
  /** Machines that binfmt_misc has somebody for. */
  readonly runs: (machine: number) => boolean;
}

/** elf.h; the names of binfmt_misc are those of QEMU. */
const machines: Readonly<Record<number, string>> = {
  3: 'i386',
  21: 'ppc64le',
  40: 'arm',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
  258: 'loongarch64',
};
const nameOf = (machine: number): string => machines[machine] ?? `machine ${machine}`;

/** Flags of /proc/cpuinfo that each level adds (the x86-64 psABI). */
const levels: readonly (readonly string[])[] = [
  ['cx16', 'lahf_lm', 'popcnt', 'sse4_1', 'sse4_2', 'ssse3'],
  ['abm', 'avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'movbe'],
  ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'],
];

/** The level of a text of /proc/cpuinfo. */
export function cpuLevelOf(cpuinfo: string): number {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(/\s+/) ?? []);
  const missing = levels.findIndex(names => names.some(name => !flags.has(name)));
  return missing < 0 ? 4 : missing + 1;
}

function isRegistered(machine: number): boolean {
  try {
    const text = readFileSync(`/proc/sys/fs/binfmt_misc/qemu-${nameOf(machine)}`, 'latin1');
    return text.startsWith('enabled');
  } catch {
    return false;
  }
}

export function abiHost(): AbiHost {
  const machine = process.arch === 'arm64' ? 183 : 62;
  return {
    machine,
    kernel: release(),
    cpuLevel: machine === 62 ? cpuLevelOf(readFileSync('/proc/cpuinfo', 'latin1')) : 0,
    // 32 bits of the same family need nobody.
    runs: other =>
      other === machine ||
      (machine === 62 && other === 3) ||
      (machine === 183 && other === 40) ||
      isRegistered(other),
  };
}

/** A regular file below `root` (empty: the host's), whose path has no symlinks; null: it is none, or no ELF. */
function elfAt(root: string, path: string): Elf | null {
  return withRegular(root, path, readElf);
}

const libraryDirectories: readonly string[] = ['x86_64', 'aarch64', 'riscv64', 'powerpc64le']
  .flatMap(name => [`/lib/${name}-linux-gnu`, `/usr/lib/${name}-linux-gnu`])
  .concat('/lib64', '/usr/lib64', '/lib', '/usr/lib', '/usr/local/lib');

function libraryIn(find: Find, name: string): string | null {
  // A name with a slash is a path of its own, which we do not judge.
  if (name.includes('/')) return name;
  for (const directory of libraryDirectories) {
    const found = find(`${directory}/${name}`);
    if (found !== null) return found;
  }
  return null;
}

const numbersIn = (version: string): readonly number[] => (version.match(/\d+/g) ?? []).map(Number);

/** Less than 0: `one` is older. */
export function compareVersions(one: readonly number[], other: readonly number[]): number {
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    const difference = (one[i] ?? 0) - (other[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The newest of GLIBC_2.x; null: there is none. */
export function newestGlibc(versions: readonly string[]): string | null {
  const all = versions.filter(name => /^GLIBC_\d+(\.\d+)*$/.test(name)).map(name => name.slice(6));
  return all.sort((one, other) => compareVersions(numbersIn(one), numbersIn(other))).at(-1) ?? null;
}

function onMachine(path: string, elf: Elf, host: AbiHost): readonly AbiFinding[] {
  const { machine, kernel, cpuLevel } = elf;
  if (!host.runs(machine))
    return [{ kind: 'machine', path, machine: nameOf(machine), host: nameOf(host.machine) }];
  if (machine !== host.machine) return [];
  const old = kernel !== null && compareVersions(numbersIn(host.kernel).slice(0, 3), kernel) < 0;
  return [
    ...(old ? [{ kind: 'old-kernel', path, needs: kernel.join('.'), kernel: host.kernel } as const] : []),
    ...(cpuLevel > host.cpuLevel
      ? [{ kind: 'cpu', path, needs: cpuLevel, level: host.cpuLevel } as const]
      : []),
  ];
}

/** More libraries than these of one feature are not looked at. */
const LIBRARIES = 256;

interface Library {
  readonly feature: string;
  readonly path: string;
  /** Its name inside. */
  readonly name: string;
}

function librariesOf(content: readonly FeatureContent[]): readonly Library[] {
  return content.flatMap(({ feature: { name: feature }, files }) =>
    files
      .flatMap(({ source, at, directory }): readonly Library[] => {
        if (!directory) return [{ feature, path: source, name: basename(at) }];
        try {
          return ['', '/lib', '/lib64'].flatMap(below =>
            namesIn(source + below).map(name => ({ feature, path: `${source}${below}/${name}`, name })),
          );
        } catch {
          return [];
        }
      })
      .slice(0, LIBRARIES),
  );
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter(name => /\.so(\.|$)/.test(name));
  } catch {
    return [];
  }
}

function inTree(
  { feature, path }: Library,
  elf: Elf,
  glibc: string | null,
  has: (library: string) => boolean,
): readonly AbiFinding[] {
  const needs = newestGlibc([...elf.versionsNeeded.values()].flat());
  if (needs !== null && (glibc === null || compareVersions(numbersIn(needs), numbersIn(glibc)) > 0))
    return [{ kind: 'old-glibc', feature, path, needs, has: glibc }];
  return elf.needed
    .filter(library => library !== '' && !has(library))
    .map(library => ({ kind: 'no-library', feature, path, library }) as const);
}

/** `content`: what the features of the tree bring. */
export function abiFindings(
  tree: Pick<RegisteredTree, 'path' | 'cpuLevel'>,
  content: readonly FeatureContent[],
  host: AbiHost = abiHost(),
): readonly AbiFinding[] {
  const root = directoryOf(tree.path);
  const find = finder(root);
  const demanded: readonly AbiFinding[] =
    tree.cpuLevel > host.cpuLevel && host.machine === 62
      ? [{ kind: 'cpu', path: null, needs: tree.cpuLevel, level: host.cpuLevel }]
      : [];
  const shell = ['/bin/sh', '/usr/bin/env', '/bin/busybox'].flatMap(path => find(path) ?? [])[0];
  const libc = libraryIn(find, 'libc.so.6');
  const looked = new Map<string, Elf>();
  for (const path of [shell, libc]) {
    const elf = path === undefined || path === null ? null : elfAt(root, path);
    if (elf !== null && path) looked.set(path, elf);
  }
  const own = [...looked].flatMap(([path, elf]) => onMachine(path, elf, host));
  // Of programs for another machine all else is no news.
  if (own.some(({ kind }) => kind === 'machine')) return own.slice(0, 1);
  const glibc = newestGlibc(looked.get(libc ?? '')?.versions ?? []);
  const libraries = librariesOf(content);
  const brought = new Set(libraries.map(({ name }) => name));
  const has = (name: string): boolean => brought.has(name) || libraryIn(find, name) !== null;
  const ofFeatures = libraries.flatMap(library => {
    const real = finder('')(library.path);
    const elf = real === null ? null : elfAt('', real);
    // Those for other machines stand beside those for this one in many directories.
    return elf === null || elf.machine !== host.machine
      ? []
      : [...onMachine(library.path, elf, host), ...inTree(library, elf, glibc, has)];
  });
  return [...demanded, ...own, ...ofFeatures];
}

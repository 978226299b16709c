/** Numbers out of the texts of /proc. */
import type { IdRange } from '../../spec/host-facts.js';

/** "6.18.44-fc" is 6 and 18; what is no version is 0 and 0, so that nothing new is taken for granted. */
export function parseKernelVersion(osrelease: string): { readonly major: number; readonly minor: number } {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(osrelease) ?? [];
  return { major: Number(major ?? 0), minor: Number(minor ?? 0) };
}

const permitted = /^CapPrm:\s*([0-9a-f]+)$/m;
const bounding = /^CapBnd:\s*([0-9a-f]+)$/m;

const capabilityMask = (status: string, field: RegExp): bigint =>
  BigInt(`0x${field.exec(status)?.[1] ?? '0'}`);

/** The capabilities in both CapPrm and CapBnd of a /proc/PID/status text, ascending (proc_pid_status(5)). */
export function capabilityNumbers(status: string): readonly number[] {
  const mask = capabilityMask(status, permitted) & capabilityMask(status, bounding);
  return Array.from({ length: 64 }, (_, bit) => bit).filter(bit => ((mask >> BigInt(bit)) & 1n) === 1n);
}

/** The first column of a uid_map or gid_map, with the third (user_namespaces(7)). */
export function parseIdMap(text: string): readonly IdRange[] {
  return text.split('\n').flatMap(line => {
    const [, first, count] = /^\s*(\d+)\s+\d+\s+(\d+)$/.exec(line) ?? [];
    return first === undefined || count === undefined ? [] : [{ first: Number(first), count: Number(count) }];
  });
}

/** One line of /proc/PID/cgroup (cgroups(7)): `4:cpu,cpuacct:/a`, `1:name=systemd:/`, `0::/a`. */
export interface CgroupLine {
  readonly hierarchy: number;
  readonly controllers: readonly string[];
  readonly path: string;
}

export function parseCgroupLines(text: string): readonly CgroupLine[] {
  return text.split('\n').flatMap(line => {
    const [, hierarchy, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (hierarchy === undefined || controllers === undefined || path === undefined) return [];
    return [
      { hierarchy: Number(hierarchy), controllers: controllers.split(',').filter(name => name !== ''), path },
    ];
  });
}

export interface CgroupMount {
  readonly mount: string;
  /** The directory of the hierarchy that the mount shows. */
  readonly root: string;
  readonly type: 'cgroup' | 'cgroup2';
  readonly options: readonly string[];
}

/** mountinfo writes space, tab, newline and backslash as \\ooo. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Where file systems of that type are mounted, by a mountinfo text. */
export function mountsOfType(text: string, type: string): readonly string[] {
  return text.split('\n').flatMap(line => {
    const [left = '', right = ''] = line.split(' - ');
    return right.startsWith(`${type} `) ? [unescapeOctal(left.split(' ')[4] ?? '')] : [];
  });
}

/** The cgroup mounts of a mountinfo text (proc_pid_mountinfo(5)). */
export function parseCgroupMounts(text: string): readonly CgroupMount[] {
  return text.split('\n').flatMap(line => {
    if (!line.includes(' - cgroup')) return [];
    const [left, right] = line.split(' - ');
    const fields = left?.split(' ') ?? [];
    const [type, , options] = right?.split(' ') ?? [];
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    return [
      {
        mount: unescapeOctal(fields[4] ?? ''),
        root: unescapeOctal(fields[3] ?? ''),
        type,
        options: options?.split(',') ?? [],
      },
    ];
  });
}

/**
 * Ids of users and groups. 4294967295 is none of them: setresuid(2), setresgid(2) and chown(2) take -1 for "leave as it is", so a process that is
 * to become that user stays root. It is refused wherever an id comes in; config.json's by the definition `Id` of the schema.
 */
declare const checked: unique symbol;

/** A number that the kernel takes for an id. Only this file makes one. */
export type Id = number & { readonly [checked]: true };

declare const side: unique symbol;

/** As the processes of a container see it. Without a user namespace it is that of the host. */
export type ContainerId = Id & { readonly [side]: 'container' };

/** As the host sees it. */
export type HostId = Id & { readonly [side]: 'host' };

export const largestId = 4294967294;

/** For a number that the schema of config.json has let through. */
export function containerId(id: number): ContainerId {
  return id as ContainerId;
}

export function hostId(id: number): HostId {
  return id as HostId;
}

/** The id that decimal digits give; null if they give none. */
export function toId(text: string): Id | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value <= largestId ? (value as Id) : null;
}

/**
 * The value of an option of a file system, such as `uid=` of tmpfs, as the kernel reads it (kstrtouint, base 0: an optional plus; 0x and 0 name the
 * radix). `none`: a number that is no id. `unknown`: no number; the file system knows what it makes of it.
 */
export function toIdAsTheKernel(given: string): Id | 'none' | 'unknown' {
  const digits = given.replace(/^\+/, '');
  if (/^-\d+$/.test(given)) return 'none';
  const radix = /^0x[\da-f]+$/i.test(digits) ? 16 : /^0[0-7]+$/.test(digits) ? 8 : 10;
  const value = radix !== 10 || /^(0|[1-9]\d*)$/.test(digits) ? Number.parseInt(digits, radix) : Number.NaN;
  if (Number.isNaN(value)) return 'unknown';
  return value <= largestId ? (value as Id) : 'none';
}

/** Options by which file systems take an id: tmpfs, devpts, hugetlbfs, proc, fuse, 9p, cifs, vfat and their like. */
export const idOptions: ReadonlySet<string> = new Set([
  'uid',
  'gid',
  'user_id',
  'group_id',
  'dfltuid',
  'dfltgid',
  'cruid',
  'backupuid',
  'backupgid',
]);

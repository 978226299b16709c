/** Calls on open files that Node does not offer: extended attributes, shared blocks, times in nanoseconds. As libc.ts, only for commands that start nothing. */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const flistxattr: (fd: number, list: Buffer, size: number) => number = libc.func(
  'long flistxattr(int, _Out_ void *, size_t)',
);
const fgetxattr: (fd: number, name: Buffer, value: Buffer, size: number) => number = libc.func(
  'long fgetxattr(int, void *, _Out_ void *, size_t)',
);
const ioctl: (fd: number, request: number, argument: number) => number = libc.func(
  'int ioctl(int, unsigned long, long)',
);
const futimens: (fd: number, times: Buffer) => number = libc.func('int futimens(int, void *)');

/** linux/limits.h: XATTR_LIST_MAX, XATTR_SIZE_MAX. */
const MOST = 65536;
/** linux/fs.h */
const FICLONE = 0x40049409;

/** All extended attributes of a file in one text, ACLs and capabilities included; null where they cannot be read. */
export function attributesOf(fd: number): string | null {
  const list = Buffer.alloc(MOST);
  const length = flistxattr(fd, list, MOST);
  // ENOTSUP: the file system has none.
  if (length < 0) return koffi.errno() === koffi.os.errno.ENOTSUP ? '' : null;
  const names = list.toString('latin1', 0, length).split('\0').filter(Boolean).sort();
  const all: string[] = [];
  for (const name of names) {
    const value = Buffer.alloc(MOST);
    const size = fgetxattr(fd, Buffer.from(`${name}\0`, 'latin1'), value, MOST);
    if (size < 0) return null;
    all.push(`${name}=${value.toString('hex', 0, size)}`);
  }
  return all.join('\n');
}

/** `to` has the blocks of `from`; false: these file systems cannot. */
export const cloneBlocks = (to: number, from: number): boolean => ioctl(to, FICLONE, from) === 0;

/** Sets when it was written, in nanoseconds since 1970; when it was read stays. */
export function setWritten(fd: number, nanoseconds: bigint): boolean {
  /** linux/stat.h */
  const OMIT = 0x3ffffffen;
  const times = Buffer.alloc(32);
  times.writeBigInt64LE(OMIT, 8);
  times.writeBigInt64LE(nanoseconds / 1_000_000_000n, 16);
  times.writeBigInt64LE(nanoseconds % 1_000_000_000n, 24);
  return futimens(fd, times) === 0;
}

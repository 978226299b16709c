/** Who has connected to a Unix socket, as the kernel tells. As libc.ts, only for commands that start nothing. */
import { closeSync, readFileSync } from 'node:fs';
import koffi from 'koffi';

/** socket(7), unix(7) */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** Linux 6.5 */
const SO_PEERPIDFD = 77;
const ENOPROTOOPT = 92;

const getsockopt: (
  socket: number,
  level: number,
  option: number,
  value: Buffer,
  length: Uint32Array,
) => number = koffi.load('libc.so.6').func('int getsockopt(int, int, int, _Out_ void *, _Inout_ uint32_t *)');

export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

/** Whether the process that connected still has that number, which is another's once it has ended; true, where the kernel cannot tell. */
export function stillHas(fd: number, pid: number): boolean {
  const value = Buffer.alloc(4);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, value, new Uint32Array([4])) !== 0)
    return koffi.errno() === ENOPROTOOPT;
  const pidfd = value.readInt32LE(0);
  try {
    // proc_pid_fdinfo(5): -1 when it has been waited for.
    return /^Pid:\s*(-?\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${pidfd}`, 'latin1'))?.[1] === `${pid}`;
  } finally {
    closeSync(pidfd);
  }
}

/** The process that connected; null: it cannot be told, or is outside of our pid namespace. */
export function peerOf(fd: number): Peer | null {
  const credentials = Buffer.alloc(12);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, new Uint32Array([12])) !== 0) return null;
  const pid = credentials.readInt32LE(0);
  return pid <= 0 ? null : { pid, uid: credentials.readUInt32LE(4) };
}

/** Who has connected to a Unix socket, as the kernel tells. As libc.ts, only for commands that start nothing. */
import { closeSync } from 'node:fs';
import koffi from 'koffi';

/** socket(7), unix(7) */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** Linux 6.5 */
const SO_PEERPIDFD = 77;
const ENOPROTOOPT = 92;

const libc = koffi.load('libc.so.6');
const getsockopt: (
  socket: number,
  level: number,
  option: number,
  value: Buffer,
  length: Uint32Array,
) => number = libc.func('int getsockopt(int, int, int, _Out_ void *, _Inout_ uint32_t *)');
const poll: (fds: Buffer, count: number, timeout: number) => number = libc.func(
  'int poll(_Inout_ void *, unsigned long, int)',
);
/** poll(2) */
const POLLIN = 1;

export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

/** Whether the process that connected still runs, so that its number is not another's yet; true, where the kernel cannot tell. */
export function stillRuns(fd: number): boolean {
  const value = Buffer.alloc(4);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, value, new Uint32Array([4])) !== 0)
    return koffi.errno() === ENOPROTOOPT;
  const pidfd = value.readInt32LE(0);
  const asked = Buffer.alloc(8);
  asked.writeInt32LE(pidfd, 0);
  asked.writeInt16LE(POLLIN, 4);
  // pidfd_open(2): it can be read from when the process has ended.
  const ready = poll(asked, 1, 0);
  closeSync(pidfd);
  return ready === 0;
}

/** The process that connected; null: it cannot be told, or is outside of our pid namespace. */
export function peerOf(fd: number): Peer | null {
  const credentials = Buffer.alloc(12);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, new Uint32Array([12])) !== 0) return null;
  const pid = credentials.readInt32LE(0);
  return pid <= 0 ? null : { pid, uid: credentials.readUInt32LE(4) };
}

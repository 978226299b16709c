/** Calls of the C library that Node lacks: waiting for orphans, and a socket that takes terminals. */
import { constants as files, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const pidfdOpen: (number: number, pid: number, flags: number) => number = libc.func(
  'long syscall(long number, int pid, uint flags)',
);
const poll: (fds: Buffer, count: number, milliseconds: number) => number = libc.func(
  'int poll(void *fds, ulong count, int milliseconds)',
);
const close: (fd: number) => number = libc.func('int close(int fd)');
const socket: (domain: number, type: number, protocol: number) => number = libc.func(
  'int socket(int domain, int type, int protocol)',
);
const bind: (fd: number, address: Buffer, length: number) => number = libc.func(
  'int bind(int fd, void *address, uint length)',
);
const listen: (fd: number, backlog: number) => number = libc.func('int listen(int fd, int backlog)');
const accept4: (fd: number, address: null, length: null, flags: number) => number = libc.func(
  'int accept4(int fd, void *address, void *length, int flags)',
);

const SYS_pidfd_open = 434;
const POLLIN = 1;
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

export function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

/** Wait until a process has ended; false if it had not after that time. */
export function hasEnded(pid: number, milliseconds: number): boolean {
  const fd = pidfdOpen(SYS_pidfd_open, pid, 0);
  if (fd < 0) return true;
  const fds = Buffer.alloc(8);
  fds.writeInt32LE(fd, 0);
  fds.writeInt16LE(POLLIN, 4);
  let ready = -1;
  do ready = poll(fds, 1, milliseconds);
  while (ready < 0 && koffi.errno() === constants.errno.EINTR);
  close(fd);
  return ready > 0;
}

/**
 * Wait until no orphan is left, each given that time; the subreaper reaps them. Returns the command lines of those that stayed, which are killed.
 */
export function awaitOrphans(milliseconds: number): readonly string[] {
  const stayed: string[] = [];
  const orphans = (): readonly number[] => childrenOf(process.ppid).filter(pid => pid !== process.pid);
  for (let all = orphans(); all.length > 0; all = orphans()) {
    for (const pid of all) {
      if (hasEnded(pid, milliseconds)) continue;
      stayed.push(`${pid} ${commandLine(pid)}`);
      process.kill(pid, 'SIGKILL');
    }
  }
  return stayed;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '?';
  }
}

/** A listening socket, as --console-socket wants one. */
export function listenAt(path: string): number {
  const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2);
  if (fd < 0 || bind(fd, address, address.length) !== 0 || listen(fd, 64) !== 0)
    throw new Error(`cannot listen at ${path}`);
  return fd;
}

const openTerminals: (flags: number) => number = libc.func('int posix_openpt(int flags)');
const unlockTerminal: (fd: number) => number = libc.func('int unlockpt(int fd)');
const nameOfTerminal: (fd: number) => string = libc.func('char *ptsname(int fd)');

/** The path of a terminal, whose other end stays open as long as we live. */
export function openTerminal(): string {
  const fd = openTerminals(files.O_RDWR | files.O_NOCTTY);
  if (fd < 0 || unlockTerminal(fd) !== 0) throw new Error('cannot open a terminal');
  return nameOfTerminal(fd);
}

/** Hang up on everybody who has connected; the terminals they sent are closed. */
export function hangUp(listener: number): void {
  for (let fd = accept4(listener, null, null, SOCK_CLOEXEC); fd >= 0; ) {
    close(fd);
    fd = accept4(listener, null, null, SOCK_CLOEXEC);
  }
}

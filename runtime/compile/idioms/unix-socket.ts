import type { ErrnoName } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  AF_UNIX,
  SO_SNDTIMEO,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../../spec/kernel.js';
import { attempt, when } from '../../program/control.js';
import { buffer, field, type Slot, slot, struct, u64 } from '../../program/operand.js';
import { format, type Line, load, move, send, store, sys } from '../../program/step.js';

/**
 * Connect to a Unix stream socket. One whose queue is full, or whose owner does not read, is given up after `seconds` (EAGAIN), here and by every
 * message that is sent on it.
 */
export function connectWithin(seconds: number, path: string, to: Slot): readonly Line[] {
  // struct sockaddr_un: u16 family, 108 bytes of path; the family takes the place of two letters.
  const address = buffer('listener_sockaddr', 110);
  const deadline = struct('send deadline', [u64(seconds), u64(0)], true);
  return [
    format(address, ['--', path]),
    store('U16', address, 0, AF_UNIX),
    sys('socket', [AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0], { to }),
    sys('setsockopt', [to, SOL_SOCKET, SO_SNDTIMEO, deadline, 16]),
    sys('connect', [to, address, 110]),
  ];
}

const AT_SIGN = '@'.charCodeAt(0);

/** What the way to the socket, the socket at its end, or the want of memory and descriptors may give: no name, nobody there, another kind, not for us, not read in time. */
const undelivered: readonly ErrnoName[] = [
  ...(['ENAMETOOLONG', 'EINVAL', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'EIO', 'ESTALE'] as const),
  ...(['ECONNREFUSED', 'EPROTOTYPE', 'ECONNRESET', 'ENOTCONN', 'EPIPE', 'EMSGSIZE', 'EAGAIN'] as const),
  ...(['ENOBUFS', 'ENOMEM', 'EMFILE', 'ENFILE', 'EAFNOSUPPORT'] as const),
];

/** One datagram to the socket whose name `path` holds, of which a leading @ stands for an abstract one (unix(7)); where it cannot be had, `unheard`. */
export function sendDatagram(
  seconds: number,
  path: Slot,
  message: Parameters<typeof send>[1],
  size: Slot,
  unheard: readonly Line[],
): readonly Line[] {
  const address = buffer('datagram_sockaddr', 110);
  const length = slot('datagram_sockaddr_size');
  const first = slot('datagram_sockaddr_first');
  const fd = slot('datagram_socket', -1);
  const deadline = struct('send deadline', [u64(seconds), u64(0)], true);
  return [
    ...attempt(
      undelivered,
      failed => [
        format(address, ['--', field(TemplateField.STRING, path)], { to: length, ...failed }),
        store('U16', address, 0, AF_UNIX),
        load(first, 'U8', address, 2),
        ...when(first, 'EQ', AT_SIGN, [store('U8', address, 2, 0)]),
        sys('socket', [AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0], { to: fd, ...failed }),
        sys('setsockopt', [fd, SOL_SOCKET, SO_SNDTIMEO, deadline, 16]),
        sys('connect', [fd, address, length], failed),
        send(fd, message, size, null, failed),
      ],
      unheard,
    ),
    ...when(fd, 'GE', 0, [sys('close', [fd]), move(fd, -1)]),
  ];
}

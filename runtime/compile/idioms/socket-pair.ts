import { AF_UNIX, SOCK_CLOEXEC, SOCK_SEQPACKET } from '../../../spec/kernel.js';
import { type Slot, struct, u32 } from '../../program/operand.js';
import { type Line, load, sys } from '../../program/step.js';

/** Two sockets that keep messages apart, one for each of two processes. */
export function socketPair(name: string, first: Slot, second: Slot): readonly Line[] {
  const ends = struct(name, [u32(0), u32(0)]);
  return [
    sys('socketpair', [AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends]),
    load(first, 'I32', ends, 0),
    load(second, 'I32', ends, 4),
  ];
}

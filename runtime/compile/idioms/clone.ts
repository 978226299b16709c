import { SIGCHLD } from '../../../spec/kernel.js';
import { type Data, type Slot, struct, u64 } from '../../program/operand.js';

/** struct clone_args of clone3(2). `pidfd`: where the descriptor of the child goes. `exitSignal`: 0 for a sibling, which has that of the caller. */
export function cloneArguments(
  name: string,
  flags: number | bigint,
  pidfd: Slot | null,
  exitSignal: number = SIGCHLD,
): Data {
  return struct(`clone_args ${name}`, [
    u64(flags),
    pidfd ? { width: 8, to: pidfd } : u64(0),
    u64(0),
    u64(0),
    u64(exitSignal),
    u64(0),
    u64(0),
    u64(0),
    u64(0),
    u64(0),
    u64(0),
  ]);
}

/** A call that i386 also makes through another one. */
export interface MultiplexedCall {
  /** Number of the multiplexer, asm/unistd_32.h */
  readonly number: 102 | 117;
  /** Which call it is: the first argument of the multiplexer. */
  readonly code: bigint;
  /** The bits of that argument which the kernel looks at: ipc keeps a version in the upper half. */
  readonly mask: bigint;
}

const socketcall = (code: bigint): MultiplexedCall => ({ number: 102, code, mask: 0xffff_ffffn });
const ipc = (code: bigint): MultiplexedCall => ({ number: 117, code, mask: 0xffffn });

/**
 * i386 has two calls that are many: socketcall(2) and ipc(2) take the number of the real call as first argument and,
 * for socketcall, the real arguments in user memory where no filter can look. A rule for `connect` must hold for
 * socketcall(SYS_CONNECT) too. (Numbers: linux/net.h SYS_*, linux/ipc.h.)
 */
export const multiplexedCalls: ReadonlyMap<string, MultiplexedCall> = new Map([
  ['socket', socketcall(1n)],
  ['bind', socketcall(2n)],
  ['connect', socketcall(3n)],
  ['listen', socketcall(4n)],
  ['accept', socketcall(5n)],
  ['getsockname', socketcall(6n)],
  ['getpeername', socketcall(7n)],
  ['socketpair', socketcall(8n)],
  ['send', socketcall(9n)],
  ['recv', socketcall(10n)],
  ['sendto', socketcall(11n)],
  ['recvfrom', socketcall(12n)],
  ['shutdown', socketcall(13n)],
  ['setsockopt', socketcall(14n)],
  ['getsockopt', socketcall(15n)],
  ['sendmsg', socketcall(16n)],
  ['recvmsg', socketcall(17n)],
  ['accept4', socketcall(18n)],
  ['recvmmsg', socketcall(19n)],
  ['sendmmsg', socketcall(20n)],
  ['semop', ipc(1n)],
  ['semget', ipc(2n)],
  ['semctl', ipc(3n)],
  ['semtimedop', ipc(4n)],
  ['msgsnd', ipc(11n)],
  ['msgrcv', ipc(12n)],
  ['msgget', ipc(13n)],
  ['msgctl', ipc(14n)],
  ['shmat', ipc(21n)],
  ['shmdt', ipc(22n)],
  ['shmget', ipc(23n)],
  ['shmctl', ipc(24n)],
]);

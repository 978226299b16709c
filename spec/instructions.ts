/**
 * The launch program's instructions: one table, from which the assembler, `explain` and the engine's header are made.
 *
 * A step is a record of 64 bytes, little endian:
 *
 *     u8 op | u8 sub | u16 action | u16 dst | u16 errs | u32 target | u16 modes | u16 aux | i64 arg[6]
 *
 * `dst` is the slot that receives the result (0xffff: none). `errs` is the index of an errno list (0xffff: none): when the
 * instruction fails with an errno of that list, dst receives -errno and the run goes on at `target`; any other errno is
 * the failure of the step's action. `modes` holds two bits for each argument:
 */
export const ArgMode = {
  /** The 64-bit value itself. */
  IMM: 0,
  /** The value of slot number arg. */
  SLOT: 1,
  /** The address of data offset arg (checked against the data segment before the first step). */
  DATA: 2,
  /** The address of the data offset held in slot number arg (checked when it is used; -1 gives a null pointer). */
  REF: 3,
} as const;

export const NO_SLOT = 0xffff;
export const NO_LIST = 0xffff;
export const NO_STEP = 0xffffffff;
export const STEP_SIZE = 64;

/** Slots with a fixed meaning; the first free one is FIRST_FREE_SLOT. */
export const ReservedSlot = {
  /** errno of the first failure of this track, 0 while there is none. */
  FAILED_ERRNO: 0,
  /** Step number of that failure. */
  FAILED_STEP: 1,
  /** Data offset and length of the words given verbatim by FAIL (sub 1); -1 if there are none. */
  FAILED_TEXT: 2,
  FAILED_TEXT_LENGTH: 3,
} as const;
export const FIRST_FREE_SLOT = 4;

export type ArgumentKind = 'number' | 'address' | 'address?' | 'number|address' | 'value' | 'any';

export interface Instruction {
  readonly op: number;
  /** Meaning of `sub`, by name. */
  readonly subs: Readonly<Record<string, number>>;
  /**
   * The arguments in order: what each must be, so that the validator can tell before the first step; behind a blank, how explain shows it (see
   * `spec/syscalls.ts`, whose table holds those of SYSCALL). All others are 0.
   *
   *   number          IMM or SLOT
   *   address         DATA or REF
   *   address?        the same, or none (IMM 0 or -1)
   *   number|address  an address for SCAN EQUAL, else a number
   *   value           all but REF; DATA counts as its offset
   *   any             what the table of system calls says
   */
  readonly args: Readonly<Record<string, ArgumentKind | `${ArgumentKind} ${string}`>>;
  /** How many consecutive slots from dst are written. */
  readonly results: number;
  /** The written contract, which the engine keeps. */
  readonly contract: string;
}

const comparisons = { EQ: 0, NE: 1, LT: 2, LE: 3, GT: 4, GE: 5, ANY: 6, NONE: 7, ALWAYS: 8 } as const;
const { ALWAYS, ...conditions } = comparisons;
const widths = { U8: 1, U16: 2, U32: 4, U64: 8 } as const;

export const instructions = {
  SYSCALL: {
    op: 1,
    subs: {},
    args: { a0: 'any', a1: 'any', a2: 'any', a3: 'any', a4: 'any', a5: 'any' },
    results: 1,
    contract:
      'Make the system call of index aux in the system-call table (spec/syscalls.ts); dst <- its result. It begins again on EINTR. Pointers are given only as DATA or REF; the lengths that the table names are checked against the data segment.',
  },
  MOVE: {
    op: 2,
    subs: {},
    args: { value: 'value' },
    results: 1,
    contract: 'dst <- value (DATA gives the offset).',
  },
  LOAD: {
    op: 3,
    subs: { ...widths, I32: 0x84, I64: 0x88 },
    args: { address: 'address', offset: 'number' },
    results: 1,
    contract: 'dst <- the number of width sub at address + offset, zero- or sign-extended.',
  },
  STORE: {
    op: 4,
    subs: widths,
    args: { address: 'address', offset: 'number', value: 'value' },
    results: 0,
    contract: 'Store value with width sub at address + offset.',
  },
  ALU: {
    op: 5,
    subs: { ADD: 0, SUB: 1, AND: 2, OR: 3, XOR: 4, SHL: 5, SHR: 6, MUL: 7, MOD: 8 },
    args: { a: 'value', b: 'value' },
    results: 1,
    contract: 'dst <- a sub b, 64-bit, wrapping; MOD by zero fails with EDOM.',
  },
  BRANCH: {
    op: 6,
    subs: comparisons,
    args: { a: 'value', b: 'value' },
    results: 0,
    contract: 'If a sub b holds (signed; ANY: a & b is not zero, NONE: it is zero, ALWAYS), go on at target.',
  },
  CALL: {
    op: 7,
    subs: {},
    args: {},
    results: 0,
    contract:
      'Go on at target; RETURN comes back to the next step. At most 8 deep, else ELOOP. A failure inside is recorded as one of the outermost CALL step, so that the words and the unwinding are those of the caller; unwinding begins with an empty call stack.',
  },
  RETURN: {
    op: 8,
    subs: {},
    args: {},
    results: 0,
    contract: 'Go on behind the last CALL; EPROTO without one.',
  },
  FORMAT: {
    op: 9,
    subs: { TEMPLATE: 0, FAILURE: 1 },
    args: { buffer: 'address', capacity: 'number', template: 'address?', length: 'number' },
    results: 1,
    contract:
      'Write the template (see TemplateField) into buffer, NUL-terminated; dst <- length without the NUL. More than capacity - 1 bytes: ENAMETOOLONG. FAILURE: the words of the recorded failure (no template); what is too long ends in "..." instead.',
  },
  SCAN: {
    op: 10,
    subs: { FIND: 0, FIND_LAST: 1, SKIP: 2, NUMBER: 3, LENGTH: 4, EQUAL: 5 },
    args: { buffer: 'address', length: 'number', start: 'number|address', byte: 'number', count: 'number' },
    results: 2,
    contract:
      'All positions count from buffer. FIND / FIND_LAST: dst <- position of byte in [start, length). SKIP: dst <- position behind the count-th byte from start. NUMBER: parse an optional "-" and decimal digits at start; dst <- value, dst+1 <- position behind it; EINVAL if there is none, ERANGE if it exceeds 63 bits. LENGTH: dst <- number of bytes before the first NUL (length 0: up to the end of the data). EQUAL: compare [buffer, buffer+length) with the bytes at `start` (DATA or REF); dst <- 1 or 0. Not found: ENOENT.',
  },
  TRACK: {
    op: 11,
    subs: {},
    args: { clone_args: 'address' },
    results: 1,
    contract:
      'clone3(2) with the 88-byte clone_args at the address. The parent gets the pid in dst; the child, with its own copy of slots and data and an empty call stack, goes on at target as track number aux. It has not failed, even if the parent has. CLONE_VM gives EINVAL; pointers in clone_args must lead into the data.',
  },
  SEND: {
    op: 12,
    subs: {},
    args: { fd: 'number', buffer: 'address', length: 'number', fds: 'address?', count: 'number' },
    results: 1,
    contract:
      'sendmsg(2) (MSG_NOSIGNAL, restarted on EINTR) of length bytes, with the count (at most 200) descriptors found as i32 at fds; dst <- bytes sent.',
  },
  RECV: {
    op: 13,
    subs: {},
    args: { fd: 'number', buffer: 'address', capacity: 'number', fds: 'address?', count: 'number' },
    results: 2,
    contract:
      'recvmsg(2) (MSG_CMSG_CLOEXEC, restarted on EINTR); at most count (200) descriptors are stored as i32 at fds; dst <- bytes (0 at end of file), dst+1 <- number of descriptors. Truncated control data: EMSGSIZE.',
  },
  FAIL: {
    op: 14,
    subs: { ACTION: 0, VERBATIM: 1 },
    args: { errno: 'number errno', text: 'address?', length: 'number' },
    results: 0,
    contract:
      'Fail now with that errno (positive or negative; 0 counts as EPROTO) and the words of the action, or with the given text as the whole message. The run goes on at the unwind step of the action, or at the next EXIT behaviour if it has none (see EXIT). While the track is unwinding already, FAIL ends the subroutine that it stands in, or the track.',
  },
  EXIT: {
    op: 15,
    subs: { PLAIN: 0, REPORT: 1 },
    args: { code: 'number' },
    results: 0,
    contract:
      'exit_group(2). REPORT: if this track has failed, print the failure on stderr and in the log first. A failure without an unwind step ends the track with the exit code that stands with the track: REPORT in entry tracks, PLAIN in others.',
  },
  WAIT: {
    op: 16,
    subs: { READABLE: 0, REAP: 1 },
    args: { fd: 'number', milliseconds: 'number decimal', other_fd: 'number' },
    results: 1,
    contract:
      'READABLE: poll(2) until fd or other_fd (-1: none) is readable or hung up; dst <- 1 if fd is, 2 if only other_fd is; the deadline (-1: none) gives ETIMEDOUT. REAP: fd is a pidfd of a child; wait for it with that deadline; dst <- its exit code, or 128 + signal.',
  },
  SUPERVISE: {
    op: 17,
    subs: {},
    args: { pidfd: 'number', pty: 'number', forward: 'number signals' },
    results: 1,
    contract:
      'The foreground of run and exec: with all signals blocked (the program did that before TRACK), send each received signal whose bit (signal - 1) is set in forward to the pidfd, SIGCHLD reaps; with pty >= 0 put the terminal on fd 0 (if it is one) into raw mode, copy 0 -> pty and pty -> 1 without ever setting O_NONBLOCK on 0-2, follow SIGWINCH with TIOCSWINSZ instead of sending it, restore the terminal at the end; dst <- exit code of the process, or 128 + signal. All other children are reaped too.',
  },
  RESOLVE: {
    op: 18,
    subs: { FOLLOW: 0, NOFOLLOW: 1, PARENT: 2 },
    args: {
      root: 'number',
      path: 'address',
      make: 'number',
      mode: 'number mode',
      source_mode: 'number S_IF',
      flags: 'number O_PATH',
    },
    results: 2,
    contract:
      'Open path inside the directory root (a descriptor), as openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS does; dst <- descriptor opened with flags (O_PATH if 0) | O_CLOEXEC. NOFOLLOW: with O_NOFOLLOW. PARENT: open the directory that holds the last component instead; dst+1 <- data offset of the last component in path (so dst+1 can serve as REF). What is missing is made if make says so: 0 nothing (ENOENT), 1 directories, 2 directories and an empty regular file at the end, 3 as 1 if source_mode (a st_mode) is a directory, else as 2. New directories get mode, files 0644 & mode | 0600, both less the umask. Dangling symlinks are followed inside root (at most 40 in all: ELOOP). Nothing outside root is ever touched; EXDEV never leaves it.',
  },
  WALK: {
    op: 19,
    subs: { COPY: 0, REMOVE_CGROUP: 1, SIGNAL_CGROUP: 2, REMOVE_TREE: 3, THAW_CGROUP: 4 },
    args: { from: 'number', path: 'address?', to_signal_or_pause: 'number', milliseconds: 'number decimal' },
    results: 1,
    contract:
      'COPY: copy the tree of directory descriptor `from` (contents, modes, owners, times, symlinks, device nodes, extended attributes of files and directories; not crossing mounts; hard links become files of their own) into directory descriptor to. REMOVE_CGROUP: rmdir the cgroup directory `path` relative to descriptor from (AT_FDCWD allowed) and those below it, deepest first, again on EBUSY until the deadline (then EBUSY), after pauses that double from 1 ms to `pause` ms; missing is success. SIGNAL_CGROUP: send signal to each process listed in cgroup.procs of `path` and of those below it; dst <- how many (0 if it is missing); signal 0 counts all that are listed, those of an unknown pid namespace too. THAW_CGROUP: write THAWED to freezer.state and 0 to cgroup.freeze, whichever there is, of `path` and of those below it; missing is success. None of these has a limit of depth. REMOVE_TREE: unlink `path` and all below it without following symlinks or crossing mounts; missing is success.',
  },
  HANDOVER: {
    op: 20,
    subs: {},
    args: {},
    results: 0,
    contract:
      'The program ends here, and who began it goes on in the same process: chos-runtime gives its command, with its original argv and environment, to TypeScript (cold way) and ends with its result; chos executes what its caller asked for.',
  },
  GUARD: {
    op: 21,
    subs: conditions,
    args: { a: 'value', b: 'value', errno: 'number errno' },
    results: 0,
    contract: 'If a sub b does not hold, the action fails with errno: the host is not the one compiled for.',
  },
  TRIM: {
    op: 22,
    subs: {},
    args: { constants: 'number' },
    results: 0,
    contract:
      'Give memory back before a long wait: the pages of the image that can be read again (steps, text, data from offset constants on) and those of the zero section, whose contents are lost.',
  },
  WARN: {
    op: 23,
    subs: {},
    args: { text: 'address', length: 'number' },
    results: 0,
    contract:
      'Hold length bytes at text as a warning (together at most 4 KiB; what is more is cut, and ends in dots). It is written when the command has succeeded: at EXIT of the entry track, if that has not failed, or at SUPERVISE. If it fails, the warnings stand behind its failure, in the same line. In another track: no effect.',
  },
} as const satisfies Readonly<Record<string, Instruction>>;

export type Opcode = keyof typeof instructions;

/**
 * Fields of a FORMAT template: the byte 0x01, the letter, and a slot number as two bytes, little endian. All other bytes stand for themselves.
 */
export const TemplateField = {
  /** NUL-terminated string at the data offset that the slot holds. */
  STRING: 's',
  /** The same, escaped for the inside of a JSON string. */
  JSON: 'j',
  /** Bytes: offset in the slot, length in the next one. */
  BYTES: 'b',
  DECIMAL: 'd',
  OCTAL: 'o',
  /** RFC 3339 in UTC with nanoseconds: seconds since the epoch in the slot, nanoseconds in the next one. */
  TIME: 't',
  /** The words for the errno in the slot (positive or negative). */
  ERRNO: 'e',
} as const;
export type TemplateFieldKind = (typeof TemplateField)[keyof typeof TemplateField];

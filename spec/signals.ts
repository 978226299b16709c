/** Signal numbers (asm-generic/signal.h; the same on x86-64 and aarch64). */
export const signals = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  IOT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  POLL: 29,
  PWR: 30,
  SYS: 31,
} as const satisfies Readonly<Record<string, number>>;

/** What `kill` sends if it is told nothing else. */
export const KILL_SIGNAL = 'TERM';

/** Real-time signals by their numbers as glibc gives them out (the kernel's 32 and 33 are taken). */
export const FIRST_REALTIME_SIGNAL = 34;
export const LAST_SIGNAL = 64;

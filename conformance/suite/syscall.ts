/** The few system-call numbers that cases name, for this machine (asm/unistd.h). */
const numbers = {
  x64: { umask: 95, personality: 135, setuid: 105 },
  arm64: { umask: 166, personality: 92, setuid: 146 },
} as const;

export const syscallNumber: Readonly<Record<'umask' | 'personality' | 'setuid', number>> =
  process.arch === 'arm64' ? numbers.arm64 : numbers.x64;

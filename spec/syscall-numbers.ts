import type { Arch } from './image.js';
import { aarch64 } from './syscall-numbers/aarch64.js';
import { arm } from './syscall-numbers/arm.js';
import { i386 } from './syscall-numbers/i386.js';
import { x32 } from './syscall-numbers/x32.js';
import { x86_64 } from './syscall-numbers/x86-64.js';
import { type SystemCall, type SystemCallName, systemCalls } from './syscalls.js';

/** The system-call ABIs of the machines we run on, and of the older programs these machines also run. */
export type Abi = 'x86_64' | 'i386' | 'x32' | 'aarch64' | 'arm';

/** x32 shares AUDIT_ARCH_X86_64 and is told apart by this bit of the number (asm/unistd.h, __X32_SYSCALL_BIT). */
export const x32Bit = 0x4000_0000;

/** Where arm's private calls (cacheflush, set_tls ...) begin (asm/unistd.h, __ARM_NR_BASE). */
export const armPrivateBase = 0x0f_0000;

const encoded: Readonly<Record<Abi, string>> = { x86_64, i386, x32, aarch64, arm };
const decoded = new Map<Abi, ReadonlyMap<string, number>>();

/**
 * The numbers of all system calls of one ABI, by name (x32: with its bit set).
 *
 * Decoded on first use: an ABI costs about 0.1 ms, and most launches need one to three of the five.
 */
export function syscallNumbers(abi: Abi): ReadonlyMap<string, number> {
  let numbers = decoded.get(abi);
  if (numbers === undefined) {
    numbers = decode(encoded[abi], abi === 'x32' ? x32Bit : 0);
    decoded.set(abi, numbers);
  }
  return numbers;
}

/** Whether any of them has it. */
export function isSystemCall(name: string): boolean {
  return (Object.keys(encoded) as Abi[]).some(abi => syscallNumbers(abi).has(name));
}

/** The number of a call that launch programs make; all of them are there on both architectures. */
export function systemCallNumber(name: SystemCallName, arch: Arch): number {
  const call: SystemCall = systemCalls[name];
  const number = syscallNumbers(arch).get(call.as ?? name);
  if (number === undefined) throw new Error(`${arch} has no system call ${call.as ?? name}`);
  return number;
}

/** Words separated by blanks: a number says where the count goes on, a name takes the next number. */
function decode(text: string, base: number): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  let next = base;
  for (const word of text.trim().split(/\s/)) {
    if (word >= '0' && word < ':') next = base + Number(word);
    else numbers.set(word, next++);
  }
  return numbers;
}

/** Whether the program of a hook can be executed, and whether others than root and the caller decide what it does. */
import { accessSync, closeSync, constants, openSync, readdirSync, readSync, statSync } from 'node:fs';
import type { ProgramFault } from '../admit/diagnostic.js';
import { thisProcess } from '../host/caller.js';
import { codeOf } from '../host/error-code.js';
import { distrustWay } from '../state/trusted.js';

/** As much of a file as says how it is executed: the kernel's own limit for `#!` is 256, program headers come first in what linkers write. */
const HEAD = 4096;
const INTERPRETERS = 4;

const ELF = Buffer.from('\x7fELF', 'latin1');
const CLASS_64 = 2;
const PT_INTERP = 3;
const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

/** What execve(2) says. `interpreter`: not of the file itself, but of what it names to be executed by. */
interface Fault {
  readonly code: string;
  readonly interpreter?: true;
}

function headOf(file: string): Buffer {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const head = Buffer.alloc(HEAD);
    return head.subarray(0, readSync(fd, head, 0, HEAD, 0));
  } finally {
    closeSync(fd);
  }
}

/** Formats that an administrator has added (binfmt_misc), which only the kernel can match. */
function hasOtherFormats(): boolean {
  try {
    return readdirSync('/proc/sys/fs/binfmt_misc').some(name => name !== 'register' && name !== 'status');
  } catch {
    return false;
  }
}

/** The interpreter of a script or of an ELF file; null: it needs none, or none that can be told. */
function interpreterOf(head: Buffer): { readonly path: string | null } | Fault {
  if (head.subarray(0, 2).equals(Buffer.from('#!'))) {
    const [line = ''] = head.subarray(2, 256).toString('latin1').split('\n');
    const [path = ''] = line.trim().split(/[ \t]/);
    return path === '' ? { code: 'ENOEXEC' } : { path: path.startsWith('/') ? path : null };
  }
  if (!head.subarray(0, 4).equals(ELF)) return hasOtherFormats() ? { path: null } : { code: 'ENOEXEC' };
  if (head.length < 64 || head[4] !== CLASS_64) return { path: null };
  const other = head.readUInt16LE(18) !== machines[process.arch];
  if (other) return hasOtherFormats() ? { path: null } : { code: 'ENOEXEC' };
  const [first, size, count] = [
    Number(head.readBigUInt64LE(32)),
    head.readUInt16LE(54),
    head.readUInt16LE(56),
  ];
  for (let at = first; size >= 56 && at < first + size * count && at + 56 <= head.length; at += size) {
    if (head.readUInt32LE(at) !== PT_INTERP) continue;
    const from = Number(head.readBigUInt64LE(at + 8));
    const to = from + Number(head.readBigUInt64LE(at + 32)) - 1;
    return { path: to <= head.length ? head.subarray(from, to).toString('latin1') : null };
  }
  return { path: null };
}

/** `depth`: an interpreter may itself be a script. */
function executeFaultOf(program: string, depth = 0): Fault | null {
  try {
    // execve(2) has EACCES for what is no regular file; access(2) grants it for a directory.
    if (!statSync(program).isFile()) return { code: 'EACCES' };
    accessSync(program, constants.X_OK);
  } catch (error) {
    return { code: codeOf(error) };
  }
  try {
    const interpreter = interpreterOf(headOf(program));
    if ('code' in interpreter) return interpreter;
    if (interpreter.path === null) return null;
    if (depth === INTERPRETERS) return { code: 'ELOOP' };
    const fault = executeFaultOf(interpreter.path, depth + 1);
    return fault?.code === 'ENOENT' ? { ...fault, interpreter: true } : fault;
  } catch {
    // It may be executed, but not read.
    return null;
  }
}

/** It, or a directory on the way to it, can be changed by others than root and the caller. */
export function foreignProgram(program: string, euid: number): ProgramFault | null {
  const distrust = distrustWay(program, euid, 'file', 'host');
  if (distrust === null || distrust.why.kind !== 'others') return null;
  const { path, why } = distrust;
  return { kind: 'foreign-program', program: path, uid: why.uid, mode: why.mode };
}

/** null: nothing is wrong. For commands about hooks, which no service answers. */
export function checkProgram(program: string): ProgramFault | null {
  const fault = executeFaultOf(program);
  return fault === null
    ? foreignProgram(program, thisProcess().euid)
    : { kind: 'not-executable', program, ...fault };
}

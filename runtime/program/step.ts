/**
 * Steps: one record for each instruction, made only by the functions of this file.
 */
import type { ErrnoName } from '../../spec/errno.js';
import { instructions, type Opcode } from '../../spec/instructions.js';
import type { SystemCallName } from '../../spec/syscalls.js';
import {
  type Cell,
  type Data,
  type Label,
  label,
  type Operand,
  type Slot,
  type Template,
} from './operand.js';

export interface Step {
  readonly kind: 'step';
  readonly op: Opcode;
  readonly sub: number;
  readonly args: readonly Operand[];
  readonly dst: Slot | Cell | null;
  /** Errnos with which the run goes on at `target` instead of failing. */
  readonly errnos: readonly ErrnoName[];
  readonly target: Label | null;
  readonly call: SystemCallName | null;
  /** CALL: laid down once in the program. */
  readonly subroutine: Subroutine | null;
  /** TRACK: the name of the child's track. */
  readonly track: string | null;
  readonly template: Template | null;
}

/** Steps that several actions call. A failure in them is one of the action that called, with its words. */
export interface Subroutine {
  readonly kind: 'subroutine';
  readonly entry: Label;
  /** From the entry to RETURN. */
  readonly lines: readonly Line[];
}

export type Line = Step | Label;

export interface Outcome {
  readonly to?: Slot | Cell;
  /** Handled errnos and where the run goes on with them. */
  readonly on?: readonly [readonly ErrnoName[], Label];
}

const nothing: readonly never[] = [];
const plain: Outcome = {};

/** What some instructions have besides their arguments. */
interface Extras {
  readonly target?: Label;
  readonly call?: SystemCallName;
  readonly subroutine?: Subroutine;
  readonly track?: string;
  readonly template?: Template;
}
const none: Extras = {};

/** Neither frozen nor spread: a program has a thousand steps, and `create` runs this code for the first and only time. */
function step(
  op: Opcode,
  sub: number,
  args: readonly Operand[],
  o: Outcome = plain,
  more: Extras = none,
): Step {
  const { to, on } = o;
  return {
    kind: 'step',
    op,
    sub,
    args,
    dst: to ?? null,
    errnos: on === undefined ? nothing : on[0],
    target: on === undefined ? (more.target ?? null) : on[1],
    call: more.call ?? null,
    subroutine: more.subroutine ?? null,
    track: more.track ?? null,
    template: more.template ?? null,
  };
}

/** Most steps are such: made at once, without a record of what they have besides. */
function simple(
  op: Opcode,
  sub: number,
  args: readonly Operand[],
  dst: Slot | Cell | null,
  target: Label | null,
): Step {
  return {
    kind: 'step',
    op,
    sub,
    args,
    dst,
    errnos: nothing,
    target,
    call: null,
    subroutine: null,
    track: null,
    template: null,
  };
}

/** A system call, begun again when it is interrupted. */
export function sys(call: SystemCallName, args: readonly Operand[], { to, on }: Outcome = plain): Step {
  return {
    kind: 'step',
    op: 'SYSCALL',
    sub: 0,
    args,
    dst: to ?? null,
    errnos: on === undefined ? nothing : on[0],
    target: on === undefined ? null : on[1],
    call,
    subroutine: null,
    track: null,
    template: null,
  };
}

export function move(to: Slot | Cell, value: Operand): Step {
  return simple('MOVE', 0, [value], to, null);
}

export type Width = keyof typeof instructions.LOAD.subs;

export function load(to: Slot | Cell, width: Width, address: Operand, offset: Operand = 0): Step {
  return simple('LOAD', instructions.LOAD.subs[width], [address, offset], to, null);
}

export function store(
  width: keyof typeof instructions.STORE.subs,
  address: Operand,
  offset: Operand,
  value: Operand,
): Step {
  return simple('STORE', instructions.STORE.subs[width], [address, offset, value], null, null);
}

export function alu(to: Slot | Cell, a: Operand, op: keyof typeof instructions.ALU.subs, b: Operand): Step {
  return simple('ALU', instructions.ALU.subs[op], [a, b], to, null);
}

export type Comparison = keyof typeof instructions.BRANCH.subs;

export function branch(a: Operand, comparison: Comparison, b: Operand, target: Label): Step {
  return simple('BRANCH', instructions.BRANCH.subs[comparison], [a, b], null, target);
}

export function jump(target: Label): Step {
  return simple('BRANCH', instructions.BRANCH.subs.ALWAYS, [0, 0], null, target);
}

export function subroutine(name: string, lines: readonly Line[]): Subroutine {
  const entry = label(name);
  return { kind: 'subroutine', entry, lines: [entry, ...lines, back()] };
}

/** A subroutine, or a place in the same track from which RETURN comes back. */
export function call(to: Subroutine | Label): Step {
  return to.kind === 'label'
    ? step('CALL', 0, nothing, plain, { target: to })
    : step('CALL', 0, nothing, plain, { target: to.entry, subroutine: to });
}

export function back(): Step {
  return step('RETURN', 0, nothing);
}

/** Write text into a buffer; `to` receives its length. */
export function format(into: Data, template: Template, o: Outcome = {}): Step {
  return step('FORMAT', 0, [into, into.size], o, { template });
}

/** Write the words of this track's failure into a buffer. */
export function formatFailure(into: Data, to: Slot): Step {
  return step('FORMAT', instructions.FORMAT.subs.FAILURE, [into, into.size, 0, 0], { to });
}

export interface ScanInput {
  readonly buffer: Operand;
  readonly length?: Operand;
  readonly start?: Operand;
  readonly byte?: Operand;
  readonly count?: Operand;
}

export function scan(how: keyof typeof instructions.SCAN.subs, input: ScanInput, o: Outcome): Step {
  const { buffer, length = 0, start = 0, byte = 0, count = 0 } = input;
  return step('SCAN', instructions.SCAN.subs[how], [buffer, length, start, byte, count], o);
}

/** clone3(2): the child goes on at `entry` as the track of that name. */
export function track(cloneArgs: Data, name: string, entry: Label, o: { readonly to: Slot }): Step {
  return step('TRACK', 0, [cloneArgs], o, { target: entry, track: name });
}

export function send(
  fd: Operand,
  payload: Operand,
  length: Operand,
  fds: { readonly array: Operand; readonly count: Operand } | null = null,
  o: Outcome = {},
): Step {
  return step('SEND', 0, [fd, payload, length, fds?.array ?? 0, fds?.count ?? 0], o);
}

/** `to` (two cells): bytes, descriptors. */
export function recv(
  fd: Operand,
  into: Data,
  o: Outcome & { readonly to: Slot },
  fds: { readonly array: Data; readonly count: number } | null = null,
): Step {
  return step('RECV', 0, [fd, into, into.size, fds?.array ?? 0, fds?.count ?? 0], o);
}

/** Fail with the action's words. */
export function fail(errno: Operand): Step {
  return step('FAIL', 0, [errno, 0, 0]);
}

/** Fail with a message that another track has made. */
export function failVerbatim(errno: Operand, message: Operand, length: Operand): Step {
  return step('FAIL', instructions.FAIL.subs.VERBATIM, [errno, message, length]);
}

export function exit(code: Operand): Step {
  return step('EXIT', 0, [code]);
}

/** Print this track's failure, if there is one, and exit. */
export function exitReporting(code: Operand): Step {
  return step('EXIT', instructions.EXIT.subs.REPORT, [code]);
}

export function waitReadable(fd: Operand, milliseconds: Operand, o: Outcome, otherFd: Operand = -1): Step {
  return step('WAIT', 0, [fd, milliseconds, otherFd], o);
}

export function waitReap(pidfd: Operand, milliseconds: Operand, o: Outcome): Step {
  return step('WAIT', instructions.WAIT.subs.REAP, [pidfd, milliseconds, -1], o);
}

/** `forward`: the set of signals that are passed on, as sigset_t has it. */
export function supervise(pidfd: Operand, pty: Operand, forward: Operand, to: Slot): Step {
  return step('SUPERVISE', 0, [pidfd, pty, forward], { to });
}

export interface ResolveInput {
  readonly root: Operand;
  readonly path: Operand;
  readonly how?: keyof typeof instructions.RESOLVE.subs;
  readonly make?: 'nothing' | 'directories' | 'file' | 'like-source';
  readonly mode?: number;
  readonly sourceMode?: Operand;
  readonly flags?: number;
}

const MAKE = { nothing: 0, directories: 1, file: 2, 'like-source': 3 } as const;

/** Open a path inside a root directory (openat2(2), RESOLVE_IN_ROOT), making what is missing. */
export function resolve(input: ResolveInput, o: Outcome): Step {
  const { root, path, how = 'FOLLOW', make = 'nothing', mode = 0o755, sourceMode = 0, flags = 0 } = input;
  return step(
    'RESOLVE',
    instructions.RESOLVE.subs[how],
    [root, path, MAKE[make], mode, sourceMode, flags],
    o,
  );
}

export function walk(
  how: keyof typeof instructions.WALK.subs,
  args: readonly [from: Operand, path: Operand, toSignalOrPause: Operand, milliseconds: Operand],
  o: Outcome = {},
): Step {
  return step('WALK', instructions.WALK.subs[how], args, o);
}

export function handover(): Step {
  return step('HANDOVER', 0, nothing);
}

/** The action fails with `errno` unless `a comparison b` holds. */
export function guard(
  a: Operand,
  comparison: keyof typeof instructions.GUARD.subs,
  b: Operand,
  errno: number,
): Step {
  return step('GUARD', instructions.GUARD.subs[comparison], [a, b, errno]);
}

/** A warning, which does not keep the command from succeeding. */
export function warn(message: Operand, length: Operand): Step {
  return step('WARN', 0, [message, length]);
}

/** Give memory back before a long wait; buffers that are not `lasting` lose their contents. */
export function trim(): Step {
  return step('TRIM', 0, [0]);
}

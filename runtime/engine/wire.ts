/**
 * The TypeScript end of spec/wire.ts: what the front door asks, and what it is told to do.
 */
import { isUtf8 } from 'node:buffer';
import { type Caller, callerFiles, callerNamespaces } from '../../spec/caller.js';
import { type Entry, entries } from '../../spec/commands.js';
import { type ParameterName, parameters } from '../../spec/parameters.js';
import {
  ANSWER_HEADER_SIZE,
  ANSWER_MAGIC,
  AnswerKind,
  InputKind,
  REQUEST_HEADER_SIZE,
  REQUEST_MAGIC,
  ValueKind,
  WIRE_VERSION,
} from '../../spec/wire.js';

/** What the command reads: the front door has read it, or why not. */
export type Input =
  /** It reads none, or finds it by itself. */
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly verb: 'open' | 'read'; readonly errno: number }
  | { readonly kind: 'not-a-file' };

/** The file of the compiler that the engine starts: one that was replaced or written anew is another. */
export interface CompilerFile {
  readonly major: number;
  readonly minor: number;
  readonly inode: bigint;
  readonly size: bigint;
  readonly seconds: bigint;
  readonly nanoseconds: bigint;
}

export interface Request {
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  /** Empty: it has no name, because it was removed or is out of the root, or the name is too long or not UTF-8. */
  readonly cwd: string;
  readonly input: Input;
  readonly caller: Caller;
  /** The front door looked for the container's stored program and can run none. */
  readonly unusable?: boolean;
  /** It is answered by the service, for which others wait: what starts something is left to a compiler of its own. */
  readonly served?: boolean;
}

/** A request with what is not for the command. */
export interface Asked {
  readonly request: Request;
  /** Comes back in the answer. */
  readonly nonce: bigint;
}

/** What fills a parameter: a number, a text, or a vector of texts. */
export type Value = number | string | readonly string[];
export type Values = Readonly<Partial<Record<ParameterName, Value>>>;

export type Answer =
  | {
      readonly kind: 'report';
      readonly exitCode: number;
      readonly out: string;
      /** exitCode is not 0: one line for stderr and the log; empty: none. Else warnings. */
      readonly message: string;
      /** More lines, shown only on a terminal. */
      readonly detail: string;
    }
  | {
      readonly kind: 'program';
      readonly entry: Entry;
      readonly image: Uint8Array;
      readonly values: Values;
      /** The engine may use it again (spec/reuse.ts). */
      readonly reusable?: boolean;
      /** Of a `create` or `run`: where it finds the same (spec/looks.ts). */
      readonly looks?: Uint8Array;
      /** Warnings. */
      readonly message: string;
    }
  /** Run this entry of the container's stored program. */
  | { readonly kind: 'stored'; readonly entry: Entry; readonly values: Values }
  | { readonly kind: 'again' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'cold'; readonly message: string };

/** Warnings as the message of an answer. */
export const joinWarnings = (warnings: readonly string[]): string =>
  warnings.map(warning => `${warning}\0`).join('');

const kinds = {
  report: AnswerKind.REPORT,
  program: AnswerKind.PROGRAM,
  again: AnswerKind.AGAIN,
  stored: AnswerKind.STORED,
  wait: AnswerKind.WAIT,
  cold: AnswerKind.COLD,
} as const;

/** Why bytes are not a request. `version` means that the front door and this file belong to different builds. */
export type WireFault = 'incomplete' | 'magic' | 'version' | 'malformed';
export type DecodedRequest =
  | ({ readonly kind: 'request' } & Asked)
  | { readonly kind: 'fault'; readonly fault: WireFault };

const fault = (reason: WireFault): DecodedRequest => ({ kind: 'fault', fault: reason });
const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const compilerOf = (view: DataView): CompilerFile => ({
  major: view.getUint32(112, true),
  minor: view.getUint32(116, true),
  inode: view.getBigUint64(120, true),
  size: view.getBigUint64(128, true),
  seconds: view.getBigInt64(136, true),
  nanoseconds: view.getBigUint64(144, true),
});

/** What a request begins with, as it is said; from REQUEST_HEADER_SIZE bytes. */
export interface Head {
  readonly magic: number;
  readonly version: number;
  readonly size: number;
  readonly nonce: bigint;
  readonly compiler: CompilerFile;
}

export const requestHead = (bytes: Uint8Array): Head => {
  const view = viewOf(bytes);
  return {
    magic: view.getUint32(0, true),
    version: view.getUint32(4, true),
    size: view.getUint32(8, true),
    nonce: view.getBigUint64(48, true),
    compiler: compilerOf(view),
  };
};

/** Total size of the request that begins with these bytes; null while its header is incomplete. */
export const requestSize = (bytes: Uint8Array): number | null =>
  bytes.length < REQUEST_HEADER_SIZE ? null : viewOf(bytes).getUint32(8, true);

/** A number of 64 bits that is none of the large ones. */
const number64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

const input = (kind: number, number: number, bytes: Uint8Array): Input | null => {
  switch (kind) {
    case InputKind.NONE:
      return { kind: 'none' };
    case InputKind.BYTES:
      return { kind: 'bytes', bytes };
    case InputKind.OPEN_FAILED:
      return { kind: 'failed', verb: 'open', errno: number };
    case InputKind.READ_FAILED:
      return { kind: 'failed', verb: 'read', errno: number };
    case InputKind.NOT_A_FILE:
      return { kind: 'not-a-file' };
    default:
      return null;
  }
};

const callerOf = (view: DataView, files: readonly string[]): Caller => {
  const namespaces = { user: 0, mnt: 0, pid: 0, cgroup: 0 };
  callerNamespaces.forEach((name, i) => {
    namespaces[name] = number64(view, 56 + 8 * i);
  });
  const texts = { status: '', cgroup: '', uid_map: '', gid_map: '', setgroups: '' };
  callerFiles.forEach((name, i) => {
    texts[name] = files[i] ?? '';
  });
  return {
    pid: view.getInt32(40, true),
    euid: view.getUint32(104, true),
    egid: view.getUint32(108, true),
    namespaces,
    root: {
      major: view.getUint32(88, true),
      minor: view.getUint32(92, true),
      inode: number64(view, 96),
    },
    texts,
    handed: view.getUint32(36, true),
  };
};

/** What split() gives is a part of the whole text, which lives as long as any of its parts. */
const apart = (text: string): string => Buffer.from(text).toString();

/** Decode a whole request. What is kept of arguments and directory keeps nothing of the environment. Text is taken as UTF-8: a path of other bytes cannot be named through this interface. */
export const decodeRequest = (bytes: Uint8Array): DecodedRequest => {
  if (bytes.length < REQUEST_HEADER_SIZE) return fault('incomplete');
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== REQUEST_MAGIC) return fault('magic');
  if (view.getUint32(4, true) !== WIRE_VERSION) return fault('version');
  const size = view.getUint32(8, true);
  if (bytes.length < size) return fault('incomplete');
  const argc = view.getUint32(12, true);
  const envc = view.getUint32(16, true);
  const cwdLength = view.getUint32(20, true);
  const [inputKind, number] = [view.getUint32(24, true), view.getUint32(28, true)];
  const end = size - (inputKind === InputKind.BYTES ? number : 0);
  if (cwdLength < 1 || end < REQUEST_HEADER_SIZE + cwdLength || bytes[end - 1] !== 0)
    return fault('malformed');
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + REQUEST_HEADER_SIZE, end - REQUEST_HEADER_SIZE);
  const texts = body.toString('utf8', 0, body.length - 1).split('\0');
  const named = body.indexOf(0) === cwdLength - 1 ? texts[0] : undefined;
  const given = input(inputKind, number, bytes.subarray(end, size));
  if (
    named === undefined ||
    texts.length !== 1 + argc + envc + callerFiles.length ||
    argc < 1 ||
    given === null
  )
    return fault('malformed');
  return {
    kind: 'request',
    request: {
      argv: texts.slice(1, 1 + argc).map(apart),
      environment: texts.slice(1 + argc, 1 + argc + envc),
      cwd: named.startsWith('/') && isUtf8(body.subarray(0, cwdLength)) ? apart(named) : '',
      input: given,
      caller: callerOf(view, texts.slice(1 + argc + envc)),
      unusable: view.getUint32(32, true) !== 0,
    },
    nonce: view.getBigUint64(48, true),
  };
};

const padded = (length: number): number => (length + 7) & ~7;

const encodeValue = (name: ParameterName, value: Value): Uint8Array => {
  const content =
    typeof value === 'number'
      ? Buffer.alloc(0)
      : Buffer.from(typeof value === 'string' ? value : value.map(text => `${text}\0`).join(''));
  const kind =
    typeof value === 'number'
      ? ValueKind.NUMBER
      : typeof value === 'string'
        ? ValueKind.TEXT
        : ValueKind.VECTOR;
  const record = Buffer.alloc(16 + padded(content.length));
  record.writeUInt16LE(parameters[name].number, 0);
  record.writeUInt16LE(kind, 2);
  record.writeUInt32LE(content.length, 4);
  record.writeBigInt64LE(BigInt(typeof value === 'number' ? value : 0), 8);
  record.set(content, 16);
  return record;
};

const isParameterName = (name: string): name is ParameterName => Object.hasOwn(parameters, name);

const messageOf = (answer: Answer): string => ('message' in answer ? answer.message : '');

/** An answer for the front door, to the request of that nonce, in the parts that follow each other. */
export const answerParts = (answer: Answer, nonce: bigint): readonly Uint8Array[] => {
  const out = Buffer.from(answer.kind === 'report' ? answer.out : '');
  const message = Buffer.from(messageOf(answer));
  const detail = Buffer.from(answer.kind === 'report' ? answer.detail : '');
  const image = answer.kind === 'program' ? answer.image : Buffer.alloc(0);
  const values: Uint8Array[] = [];
  if (answer.kind === 'program' || answer.kind === 'stored') {
    for (const [name, value] of Object.entries(answer.values)) {
      if (isParameterName(name) && value !== undefined) values.push(encodeValue(name, value));
    }
  }
  const looks = (answer.kind === 'program' ? answer.looks : undefined) ?? Buffer.alloc(0);
  const parts = [out, message, detail, ...values, looks];
  const size = ANSWER_HEADER_SIZE + parts.reduce((sum, part) => sum + part.length, 0);
  const header = Buffer.alloc(ANSWER_HEADER_SIZE);
  const fields = [
    ANSWER_MAGIC,
    WIRE_VERSION,
    size,
    kinds[answer.kind],
    answer.kind === 'report' ? answer.exitCode : 0,
    answer.kind === 'program' || answer.kind === 'stored' ? entries[answer.entry] : 0,
    image.length,
    out.length,
    message.length,
    detail.length,
    values.length,
    Number(answer.kind === 'program' && answer.reusable === true),
  ];
  fields.forEach((field, index) => {
    header.writeInt32LE(field | 0, index * 4);
  });
  header.writeBigUInt64LE(nonce, 48);
  header.writeUInt32LE(looks.length, 56);
  return [header, ...parts, image];
};

/** The same as a whole. */
export const encodeAnswer = (answer: Answer, nonce: bigint): Uint8Array<ArrayBuffer> =>
  Buffer.concat(answerParts(answer, nonce));

/** Why an answer of ours leaves the request to a compiler of the engine's; null: it does not. */
export const coldMessage = (answer: Uint8Array): string | null => {
  const view = viewOf(answer);
  if (view.getUint32(12, true) !== AnswerKind.COLD) return null;
  return Buffer.from(answer).toString(
    'utf8',
    ANSWER_HEADER_SIZE,
    ANSWER_HEADER_SIZE + view.getUint32(32, true),
  );
};

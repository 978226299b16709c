/**
 * The TypeScript end of spec/wire.ts: what the front door asks, and what it is told to do.
 */
import { type Entry, entries } from '../../spec/commands.js';
import { type ParameterName, parameters } from '../../spec/parameters.js';
import {
  ANSWER_HEADER_SIZE,
  ANSWER_MAGIC,
  AnswerKind,
  REQUEST_HEADER_SIZE,
  REQUEST_MAGIC,
  ValueKind,
  WIRE_VERSION,
} from '../../spec/wire.js';

export interface Request {
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  readonly cwd: string;
  /** Descriptor of config.json, -errno of opening it, or 0 if the front door opened none. */
  readonly config: number;
  /** Descriptor of the memfd for the image. */
  readonly program: number;
  /** The front door looked for the container's stored program and can run none. */
  readonly unusable?: boolean;
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
      readonly imageSize: number;
      readonly values: Values;
      /** Warnings. */
      readonly message: string;
    }
  /** Run this entry of the container's stored program. */
  | { readonly kind: 'stored'; readonly entry: Entry; readonly values: Values }
  | { readonly kind: 'again' };

/** Warnings as the message of an answer. */
export const joinWarnings = (warnings: readonly string[]): string =>
  warnings.map(warning => `${warning}\0`).join('');

const kinds = {
  report: AnswerKind.REPORT,
  program: AnswerKind.PROGRAM,
  again: AnswerKind.AGAIN,
  stored: AnswerKind.STORED,
} as const;

/** Why bytes are not a request. `version` means that the front door and this file belong to different builds. */
export type WireFault = 'incomplete' | 'magic' | 'version' | 'malformed';
export type DecodedRequest =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'fault'; readonly fault: WireFault };

const fault = (reason: WireFault): DecodedRequest => ({ kind: 'fault', fault: reason });
const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Total size of the request that begins with these bytes; null while its header is incomplete. */
export const requestSize = (bytes: Uint8Array): number | null =>
  bytes.length < REQUEST_HEADER_SIZE ? null : viewOf(bytes).getUint32(8, true);

/** Decode a whole request. Text is taken as UTF-8: a path of other bytes cannot be named through this interface. */
export const decodeRequest = (bytes: Uint8Array): DecodedRequest => {
  if (bytes.length < REQUEST_HEADER_SIZE) return fault('incomplete');
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== REQUEST_MAGIC) return fault('magic');
  if (view.getUint32(4, true) !== WIRE_VERSION) return fault('version');
  const size = view.getUint32(8, true);
  if (bytes.length < size) return fault('incomplete');
  const argc = view.getUint32(12, true);
  const envc = view.getUint32(16, true);
  const cwdLength = view.getUint32(28, true);
  if (cwdLength < 1 || size < REQUEST_HEADER_SIZE + cwdLength || bytes[size - 1] !== 0)
    return fault('malformed');
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + REQUEST_HEADER_SIZE, size - REQUEST_HEADER_SIZE);
  const texts = body.toString('utf8', 0, body.length - 1).split('\0');
  const [cwd] = texts;
  if (cwd === undefined || texts.length !== 1 + argc + envc || argc < 1) return fault('malformed');
  if (Buffer.byteLength(cwd) !== cwdLength - 1) return fault('malformed');
  return {
    kind: 'request',
    request: {
      argv: texts.slice(1, 1 + argc),
      environment: texts.slice(1 + argc),
      cwd,
      config: view.getInt32(20, true),
      program: view.getInt32(24, true),
      unusable: view.getUint32(32, true) !== 0,
    },
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

/** Encode an answer for the front door. The image itself goes into the request's memfd, not into the answer. */
export const encodeAnswer = (answer: Answer): Uint8Array => {
  const out = Buffer.from(answer.kind === 'report' ? answer.out : '');
  const message = Buffer.from(answer.kind === 'again' || answer.kind === 'stored' ? '' : answer.message);
  const detail = Buffer.from(answer.kind === 'report' ? answer.detail : '');
  const values: Uint8Array[] = [];
  if (answer.kind === 'program' || answer.kind === 'stored') {
    for (const [name, value] of Object.entries(answer.values)) {
      if (isParameterName(name) && value !== undefined) values.push(encodeValue(name, value));
    }
  }
  const parts = [out, message, detail, ...values];
  const size = ANSWER_HEADER_SIZE + parts.reduce((sum, part) => sum + part.length, 0);
  const header = Buffer.alloc(ANSWER_HEADER_SIZE);
  const fields = [
    ANSWER_MAGIC,
    WIRE_VERSION,
    size,
    kinds[answer.kind],
    answer.kind === 'report' ? answer.exitCode : 0,
    answer.kind === 'program' || answer.kind === 'stored' ? entries[answer.entry] : 0,
    answer.kind === 'program' ? answer.imageSize : 0,
    out.length,
    message.length,
    detail.length,
    values.length,
    0,
  ];
  fields.forEach((field, index) => {
    header.writeInt32LE(field | 0, index * 4);
  });
  return Buffer.concat([header, ...parts], size);
};

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANSWER_HEADER_SIZE,
  ANSWER_MAGIC,
  REQUEST_HEADER_SIZE,
  REQUEST_MAGIC,
  WIRE_VERSION,
} from '../../spec/wire.js';
import { decodeRequest, encodeAnswer, requestSize } from './wire.js';

interface RawRequest {
  readonly magic?: number;
  readonly version?: number;
  readonly size?: number;
  readonly argc?: number;
  readonly envc?: number;
  readonly cwdLength?: number;
  readonly unusable?: number;
  readonly texts?: readonly string[];
}

const rawRequest = (raw: RawRequest = {}): Buffer => {
  const texts = raw.texts ?? ['/tmp/ö', 'chos-runtime', 'state', '', 'A=1', 'B=2'];
  const body = Buffer.from(texts.map(text => `${text}\0`).join(''));
  const header = Buffer.alloc(REQUEST_HEADER_SIZE);
  header.writeUInt32LE(raw.magic ?? REQUEST_MAGIC, 0);
  header.writeUInt32LE(raw.version ?? WIRE_VERSION, 4);
  header.writeUInt32LE(raw.size ?? header.length + body.length, 8);
  header.writeUInt32LE(raw.argc ?? 3, 12);
  header.writeUInt32LE(raw.envc ?? 2, 16);
  header.writeInt32LE(-2, 20);
  header.writeInt32LE(5, 24);
  header.writeUInt32LE(raw.cwdLength ?? 8, 28);
  header.writeUInt32LE(raw.unusable ?? 0, 32);
  return Buffer.concat([header, body]);
};

const faultOf = (bytes: Uint8Array): string => {
  const decoded = decodeRequest(bytes);
  return decoded.kind === 'fault' ? decoded.fault : 'none';
};

test('a request is decoded with empty arguments kept', () => {
  assert.equal(decodeRequest(rawRequest()), {
    kind: 'request',
    request: {
      argv: ['chos-runtime', 'state', ''],
      environment: ['A=1', 'B=2'],
      cwd: '/tmp/ö',
      config: -2,
      program: 5,
      unusable: false,
    },
  });
});

test('bytes behind the request are not part of it', () => {
  const bytes = rawRequest();
  assert.is(requestSize(bytes), bytes.length);
  assert.is(faultOf(Buffer.concat([bytes, Buffer.from('junk')])), 'none');
});

test('what is not a whole request is told apart', () => {
  assert.is(requestSize(new Uint8Array(4)), null);
  assert.is(faultOf(new Uint8Array(4)), 'incomplete');
  assert.is(faultOf(rawRequest().subarray(0, -1)), 'incomplete');
  assert.is(faultOf(rawRequest({ magic: 1 })), 'magic');
  assert.is(faultOf(rawRequest({ version: 99 })), 'version');
  assert.is(faultOf(rawRequest({ argc: 2 })), 'malformed');
  assert.is(faultOf(rawRequest({ argc: 4294967295, envc: 3 })), 'malformed');
  assert.is(faultOf(rawRequest({ cwdLength: 3 })), 'malformed');
  assert.is(faultOf(rawRequest({ cwdLength: 0 })), 'malformed');
  assert.is(faultOf(rawRequest({ cwdLength: 4000 })), 'malformed');
  assert.is(faultOf(rawRequest({ size: REQUEST_HEADER_SIZE })), 'malformed');
  assert.is(faultOf(rawRequest({ texts: ['/'], argc: 0, envc: 0, cwdLength: 2 })), 'malformed');
});

test('a report carries its three texts by byte length', () => {
  const bytes = Buffer.from(
    encodeAnswer({ kind: 'report', exitCode: 255, out: 'ö', message: 'no', detail: 'more' }),
  );
  const field = (index: number): number => bytes.readUInt32LE(index * 4);
  assert.is(field(0), ANSWER_MAGIC);
  assert.is(field(2), bytes.length);
  assert.equal([field(3), field(4), field(7), field(8), field(9), field(10)], [1, 255, 2, 2, 4, 0]);
  assert.is(bytes.toString('utf8', ANSWER_HEADER_SIZE), 'önomore');
});

test('a program answer carries values of each kind, padded', () => {
  const bytes = Buffer.from(
    encodeAnswer({
      kind: 'program',
      entry: 'exec',
      imageSize: 4096,
      message: '',
      values: { ID: 'abc', DETACH: 1, ARGS: ['a', 'bcdefgh'] },
    }),
  );
  assert.equal(
    [bytes.readUInt32LE(12), bytes.readUInt32LE(20), bytes.readUInt32LE(24), bytes.readUInt32LE(40)],
    [2, 8, 4096, 3],
  );
  let at = ANSWER_HEADER_SIZE;
  const records: unknown[] = [];
  for (let count = 0; count < 3; count++) {
    const length = bytes.readUInt32LE(at + 4);
    records.push([
      bytes.readUInt16LE(at),
      bytes.readUInt16LE(at + 2),
      Number(bytes.readBigInt64LE(at + 8)),
      bytes.toString('utf8', at + 16, at + 16 + length),
    ]);
    at += 16 + Math.ceil(length / 8) * 8;
  }
  assert.equal(records, [
    [0, 1, 0, 'abc'],
    [6, 0, 1, ''],
    [10, 2, 0, 'a\0bcdefgh\0'],
  ]);
  assert.is(at, bytes.length);
});

test.run();

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANSWER_HEADER_SIZE,
  ANSWER_MAGIC,
  InputKind,
  REQUEST_HEADER_SIZE,
  REQUEST_MAGIC,
  WIRE_VERSION,
} from '../../spec/wire.js';
import { decodeRequest, encodeAnswer, requestHead, requestSize } from './wire.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

interface RawRequest {
  readonly magic?: number;
  readonly version?: number;
  readonly size?: number;
  readonly argc?: number;
  readonly envc?: number;
  readonly cwdLength?: number;
  readonly input?: readonly [kind: number, number: number, bytes: string];
  readonly texts?: readonly string[];
}

const files = ['Uid:\t7', '0::/a', '', '', 'deny'];
const rawRequest = (raw: RawRequest = {}): Buffer => {
  const texts = raw.texts ?? ['/tmp/ö', 'chos-runtime', 'state', '', 'A=1', 'B=2', ...files];
  const [kind, number, bytes] = raw.input ?? [InputKind.BYTES, 6, 'in\0put'];
  const body = Buffer.from(texts.map(text => `${text}\0`).join('') + bytes);
  const header = Buffer.alloc(REQUEST_HEADER_SIZE);
  const words = [
    raw.magic ?? REQUEST_MAGIC,
    raw.version ?? WIRE_VERSION,
    raw.size ?? header.length + body.length,
    raw.argc ?? 3,
    raw.envc ?? 2,
    raw.cwdLength ?? 8,
    kind,
    number,
    1, // unusable
    2, // handed
    77, // pid
    0,
  ];
  words.forEach((word, i) => {
    header.writeUInt32LE(word, 4 * i);
  });
  [0x1122334455667788n, 101n, 102n, 103n, 104n].forEach((long, i) => {
    header.writeBigUInt64LE(long, 48 + 8 * i);
  });
  [8, 1].forEach((word, i) => {
    header.writeUInt32LE(word, 88 + 4 * i);
  });
  header.writeBigUInt64LE(2n, 96);
  [7, 9, 8, 2].forEach((word, i) => {
    header.writeUInt32LE(word, 104 + 4 * i);
  });
  [5n, 6n, 7n, 8n].forEach((long, i) => {
    header.writeBigUInt64LE(long, 120 + 8 * i);
  });
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
      input: { kind: 'bytes', bytes: Buffer.from('in\0put') },
      caller: {
        pid: 77,
        euid: 7,
        egid: 9,
        namespaces: { user: 101, mnt: 102, pid: 103, cgroup: 104 },
        root: { major: 8, minor: 1, inode: 2 },
        texts: { status: 'Uid:\t7', cgroup: '0::/a', uid_map: '', gid_map: '', setgroups: 'deny' },
        handed: 2,
      },
      unusable: true,
    },
    nonce: 0x1122334455667788n,
  });
});

test('arguments and directory that are kept keep nothing of the environment', () => {
  const kept: string[] = [];
  const texts = [
    '/a/long/directory',
    'chos-runtime',
    'a-name-of-some-length',
    '',
    'A'.repeat(2 ** 20),
    'B=2',
    ...files,
  ];
  const bytes = rawRequest({ texts, cwdLength: 18 });
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 64; i++) {
    const decoded = decodeRequest(bytes);
    if (decoded.kind === 'request') kept.push(decoded.request.cwd, ...decoded.request.argv);
  }
  gc();
  assert.is(kept.length, 64 * 4);
  assert.ok(process.memoryUsage().heapUsed - before < 2 ** 23, `${process.memoryUsage().heapUsed - before}`);
});

test('its head says of which version it is, and which files its caller would start', () => {
  const raw = rawRequest();
  assert.equal(requestHead(raw), {
    magic: REQUEST_MAGIC,
    version: WIRE_VERSION,
    size: raw.length,
    nonce: 0x1122334455667788n,
    compiler: { major: 8, minor: 2, inode: 5n, size: 6n, seconds: 7n, nanoseconds: 8n },
  });
});

test('what the front door could not read comes as an errno', () => {
  const inputOf = (kind: number, number: number) => {
    const decoded = decodeRequest(rawRequest({ input: [kind, number, ''] }));
    return decoded.kind === 'request' ? decoded.request.input : decoded;
  };
  assert.equal(inputOf(InputKind.NONE, 0), { kind: 'none' });
  assert.equal(inputOf(InputKind.BYTES, 0), { kind: 'bytes', bytes: Buffer.alloc(0) });
  assert.equal(inputOf(InputKind.OPEN_FAILED, 2), { kind: 'failed', verb: 'open', errno: 2 });
  assert.equal(inputOf(InputKind.READ_FAILED, 21), { kind: 'failed', verb: 'read', errno: 21 });
  assert.equal(inputOf(InputKind.NOT_A_FILE, 0), { kind: 'not-a-file' });
  assert.equal(inputOf(9, 0), { kind: 'fault', fault: 'malformed' });
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
  assert.is(faultOf(rawRequest({ texts: ['/', ...files], argc: 0, envc: 0, cwdLength: 2 })), 'malformed');
  for (const number of [5, 7, 1e6, 4294967295])
    assert.is(faultOf(rawRequest({ input: [InputKind.BYTES, number, 'in\0put'] })), 'malformed');
});

test('a directory whose name is none, or not UTF-8, is told as such', () => {
  const cwdOf = (bytes: Uint8Array): string | null => {
    const decoded = decodeRequest(bytes);
    return decoded.kind === 'request' ? decoded.request.cwd : null;
  };
  const argv = ['chos-runtime', 'state', '', 'A=1', 'B=2', ...files];
  assert.is(cwdOf(rawRequest({ texts: ['', ...argv], cwdLength: 1 })), '');
  assert.is(cwdOf(rawRequest({ texts: ['(unreachable)/a', ...argv], cwdLength: 16 })), '');
  const bytes = rawRequest();
  assert.is(cwdOf(bytes), '/tmp/ö');
  bytes.set([0xc3, 0xff], REQUEST_HEADER_SIZE + 5);
  assert.is(cwdOf(bytes), '');
});

test('a report carries its three texts by byte length', () => {
  const bytes = Buffer.from(
    encodeAnswer({ kind: 'report', exitCode: 255, out: 'ö', message: 'no', detail: 'more' }, 1n << 60n),
  );
  const field = (index: number): number => bytes.readUInt32LE(index * 4);
  assert.is(field(0), ANSWER_MAGIC);
  assert.is(field(2), bytes.length);
  assert.equal([field(3), field(4), field(7), field(8), field(9), field(10)], [1, 255, 2, 2, 4, 0]);
  assert.is(bytes.readBigUInt64LE(48), 1n << 60n);
  assert.is(bytes.toString('utf8', ANSWER_HEADER_SIZE), 'önomore');
});

test('a program answer carries values of each kind, padded', () => {
  const bytes = Buffer.from(
    encodeAnswer(
      {
        kind: 'program',
        entry: 'exec',
        image: Buffer.from('image'),
        message: '',
        values: { ID: 'abc', DETACH: 1, ARGS: ['a', 'bcdefgh'] },
      },
      7n,
    ),
  );
  assert.equal(
    [bytes.readUInt32LE(12), bytes.readUInt32LE(20), bytes.readUInt32LE(24), bytes.readUInt32LE(40)],
    [2, 8, 5, 3],
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
  assert.is(bytes.readUInt32LE(8), at, 'the image is not counted');
  assert.is(bytes.toString('utf8', at), 'image');
});

test.run();

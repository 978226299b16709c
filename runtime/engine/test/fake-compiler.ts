/**
 * Stands in for the compiler: answers as the argument behind `--answer` says, or shows what it was asked.
 */
import {
  closeSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import {
  ANSWER_HEADER_SIZE,
  ANSWER_MAGIC,
  REQUEST_HEADER_SIZE,
  WIRE_VERSION,
  WireFd,
} from '../../../spec/wire.js';
import { type Answer, type Asked, decodeRequest, encodeAnswer, joinWarnings, type Values } from '../wire.js';

function readRequest(): Asked {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const size = bytes.length < REQUEST_HEADER_SIZE ? REQUEST_HEADER_SIZE : bytes.readUInt32LE(8);
    if (bytes.length >= REQUEST_HEADER_SIZE && bytes.length >= size) break;
    const chunk = Buffer.alloc(size - bytes.length);
    const got = readSync(WireFd.SOCKET, chunk);
    bytes = Buffer.concat([bytes, chunk.subarray(0, got)]);
  }
  const decoded = decodeRequest(bytes);
  if (decoded.kind === 'fault') throw new Error(`bad request: ${decoded.fault}`);
  return decoded;
}

function write(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(WireFd.SOCKET, bytes, at);
}

const answer = (given: Answer): void => write(encodeAnswer(given, nonce));

function report(out: string, message = '', exitCode = 0): void {
  answer({ kind: 'report', exitCode, out, message, detail: 'detail\n' });
}

/** Where a descriptor leads, as far as it is one of the first ten. */
function descriptors(): readonly string[] {
  return readdirSync('/proc/self/fd')
    .filter(fd => Number(fd) < 6)
    .map(fd => {
      try {
        return `${fd} ${readlinkSync(`/proc/self/fd/${fd}`).replace(/\[.*\]/, '')}`;
      } catch {
        return fd;
      }
    });
}

/** A header of an answer with fields of its own, by their index, and bytes behind it. */
function header(fields: Readonly<Record<number, number>>, body: string): Uint8Array {
  const bytes = Buffer.alloc(ANSWER_HEADER_SIZE);
  const whole = [ANSWER_MAGIC, WIRE_VERSION, bytes.length + body.length / 2, 2, 0, 1, 0, 0, 0, 0, 0, 0];
  bytes.writeBigUInt64LE(nonce, 4 * whole.length);
  for (const [i, value] of whole.entries()) bytes.writeUInt32LE(fields[i] ?? value, 4 * i);
  if (fields[12] !== undefined) bytes.writeUInt32LE((bytes.readUInt32LE(48) ^ fields[12]) >>> 0, 48);
  return Buffer.concat([bytes, Buffer.from(body, 'hex')]);
}

const { request, nonce } = readRequest();
const at = request.argv.indexOf('--answer');
/** Where arguments mean something else: words in the environment. */
const inEnvironment = request.environment.find(text => text.startsWith('ANSWER='))?.slice('ANSWER='.length);
const [wanted = '', ...more] = at < 0 ? (inEnvironment?.split(' ') ?? []) : request.argv.slice(at + 1);
const seeded = !process.execArgv.includes('--no-rehash-snapshot');
const how = wanted === 'again' && seeded ? 'request' : wanted;
switch (how) {
  case 'again':
    answer({ kind: 'again' });
    break;
  case 'request':
    report(
      JSON.stringify({
        ...request,
        input: request.input.kind === 'bytes' ? Buffer.from(request.input.bytes).toString() : request.input,
        pid: process.ppid,
        at: process.cwd(),
        descriptors: descriptors(),
        flags: process.execArgv,
        own: process.env,
      }),
    );
    break;
  case 'message':
    report('out\n', more[0] ?? '', Number(more[1] ?? 1));
    break;
  case 'warn':
    report('out\n', joinWarnings(more));
    break;
  case 'program': {
    const image = readFileSync(more[0] ?? '');
    const values = JSON.parse(more[1] ?? '{}') as Values;
    const message = joinWarnings(more.slice(2));
    answer({ kind: 'program', entry: 'run', image, values, message });
    break;
  }
  // Of `exec`, for use again or for once, with warnings.
  case 'reusable':
  case 'once': {
    const [path = '', values = '{}', ...warnings] = more;
    answer({
      kind: 'program',
      entry: 'exec',
      image: readFileSync(path),
      values: JSON.parse(values) as Values,
      reusable: how === 'reusable',
      message: joinWarnings(warnings),
    });
    break;
  }
  // Of `create` and `run`, with what was looked at for it, or for once.
  case 'start': {
    const [path = '', looks = '-', values = '{}', ...warnings] = more.filter(word => word !== '');
    answer({
      kind: 'program',
      entry: request.argv.includes('create') ? 'create' : 'run',
      image: readFileSync(path),
      values: JSON.parse(values) as Values,
      reusable: looks !== '-',
      ...(looks === '-' ? {} : { looks: readFileSync(looks) }),
      message: joinWarnings(warnings),
    });
    break;
  }
  case 'stored':
    if (request.unusable) report('', 'no program', 1);
    else answer({ kind: 'stored', entry: 'kill', values: JSON.parse(more[0] ?? '{}') as Values });
    break;
  case 'raw':
    write(Buffer.from(more[0] ?? '', 'hex'));
    closeSync(WireFd.SOCKET);
    break;
  // To this very request, but for what is written over.
  case 'header':
    write(header(JSON.parse(more[0] ?? '{}') as Record<number, number>, more[1] ?? ''));
    closeSync(WireFd.SOCKET);
    break;
  case 'throw':
    throw new Error('out of ideas');
  case 'close':
    closeSync(WireFd.SOCKET);
    break;
  // Says its pid, then waits without using the processor, or with nothing else.
  case 'hang':
    writeFileSync(more[0] ?? '', `${process.pid}\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    break;
  // Answers after so many seconds.
  case 'late':
    writeFileSync(more[0] ?? '', `${process.pid}\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000 * Number(more[1]));
    report('');
    break;
  // Says its pid; at each signal which it is, and after as many as it was told of, its answer. More than that may be sent.
  case 'tidy': {
    const [file = '', count = ''] = more;
    const signals: string[] = [];
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        signals.push(signal);
        writeFileSync(file, `${process.pid} ${signals.join(' ')}\n`);
        if (signals.length === Number(count)) report('half\n', 'taken back', 1);
      });
    writeFileSync(file, `${process.pid}\n`);
    break;
  }
  case 'spin':
    for (;;);
  // Comes to no end, and does next to nothing.
  case 'doze':
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  // Says its pid, and takes more and more memory; until so many MiB, and then answers.
  case 'grow': {
    const taken: Buffer[] = [];
    writeFileSync(more[0] ?? '', `${process.pid}\n`);
    while (taken.length < Number(more[1])) {
      taken.push(Buffer.alloc(1 << 20, 1));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
    report('');
    break;
  }
  case 'refused':
    process.stderr.write(more[0] ?? '');
    process.exit(1);
    break;
  case 'kill':
    process.kill(process.pid, 'SIGKILL');
    break;
  default:
    report('', `cold: ${request.argv.slice(1).join(' ')}`, 1);
}
// Even then the engine goes on as soon as it has its answer.
if (!['close', 'raw', 'header'].includes(how)) setInterval(() => {}, 1000);

/**
 * Stands in for the compiler: answers as the argument behind `--answer` says, or shows what it was asked.
 */
import {
  closeSync,
  fstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { REQUEST_HEADER_SIZE, WireFd } from '../../../spec/wire.js';
import { decodeRequest, encodeAnswer, joinWarnings, type Request, type Values } from '../wire.js';

function readRequest(): Request {
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
  return decoded.request;
}

function answer(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(WireFd.SOCKET, bytes, at);
}

function report(out: string, message = '', exitCode = 0): void {
  answer(encodeAnswer({ kind: 'report', exitCode, out, message, detail: 'detail\n' }));
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

const request = readRequest();
const at = request.argv.indexOf('--answer');
const [wanted = '', ...more] = at < 0 ? [] : request.argv.slice(at + 1);
const seeded = !process.execArgv.includes('--no-rehash-snapshot');
const how = wanted === 'again' && seeded ? 'request' : wanted;
switch (how) {
  case 'again':
    readFileSync(WireFd.CONFIG);
    answer(encodeAnswer({ kind: 'again' }));
    break;
  case 'request':
    report(
      JSON.stringify({
        ...request,
        config: request.config > 0 ? readFileSync(request.config, 'utf8') : request.config,
        descriptors: descriptors(),
        flags: process.execArgv,
        own: process.env,
        program: fstatSync(WireFd.PROGRAM).size,
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
    writeSync(WireFd.PROGRAM, image);
    const values = JSON.parse(more[1] ?? '{}') as Values;
    const message = joinWarnings(more.slice(2));
    answer(encodeAnswer({ kind: 'program', entry: 'run', imageSize: image.length, values, message }));
    break;
  }
  case 'stored':
    if (request.unusable) report('', 'no program', 1);
    else
      answer(encodeAnswer({ kind: 'stored', entry: 'kill', values: JSON.parse(more[0] ?? '{}') as Values }));
    break;
  case 'raw':
    answer(Buffer.from(more[0] ?? '', 'hex'));
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
if (how !== 'close') setInterval(() => {}, 1000);

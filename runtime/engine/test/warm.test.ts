/** The warm way: a service that answers is used; one that does anything else is not, without a word. */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANSWER_HEADER_SIZE,
  REQUEST_HEADER_SIZE,
  SERVICE_BEAT_MS,
  SERVICE_MOST_MS,
  SERVICE_REQUEST_LIMIT,
  SERVICE_SOCKET,
} from '../../../spec/wire.js';
import { type Answer, type Asked, decodeRequest, encodeAnswer } from '../wire.js';
import { door, showing } from './door.js';

/** Root's own service is asked at a place that is the machine's: so the tests are somebody else. */
const NOBODY = 65534;
const isRoot = process.geteuid?.() === 0;
const directory = mkdtempSync(join(tmpdir(), 'chos-warm-'));
const place = join(directory, 'chos-runtime');
mkdirSync(place);
if (isRoot) for (const path of [directory, place]) chownSync(path, NOBODY, NOBODY);

type Serve = (socket: Socket, asked: Asked) => void;

/** Listens as the user that the engine runs as, or as `listener`. */
async function serving<Result>(serve: Serve | null, act: () => Promise<Result>, listener = NOBODY) {
  const server = createServer(socket => {
    let bytes = Buffer.alloc(0);
    socket.on('error', () => undefined);
    if (serve === null) socket.destroy();
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < REQUEST_HEADER_SIZE || bytes.length < bytes.readUInt32LE(8)) return;
      const decoded = decodeRequest(bytes);
      if (decoded.kind === 'fault') throw new Error(decoded.fault);
      serve?.(socket, decoded);
    });
  });
  const path = join(place, SERVICE_SOCKET);
  rmSync(path, { force: true });
  // The kernel notes who listens at this moment.
  if (isRoot) process.seteuid?.(listener);
  try {
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(path, resolve));
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
  chmodSync(path, 0o777);
  try {
    return await act();
  } finally {
    server.close();
  }
}

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** `list` is a command that goes the warm way and reads no file. */
function call(...args: readonly string[]): Promise<Ended> {
  return callWith({}, ...args);
}

/** It waits for an answer until there is one: this process may be late, and is none the worse. */
const patient = join(process.cwd(), 'build/engine-test/patient');

function callWith({ input = '', file = patient }, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(file, args, {
    cwd: '/',
    env: { XDG_RUNTIME_DIR: directory },
    stdio: 'pipe',
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  child.stdin.on('error', () => undefined).end(input);
  const text = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', chunk => {
    text.out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', chunk => {
    text.err += chunk;
  });
  return new Promise(resolve => child.on('close', status => resolve({ status, ...text })));
}

const list = (): Promise<Ended> => call('--debug', 'list');
const report: Answer = { kind: 'report', exitCode: 3, out: 'warm\n', message: '', detail: '' };
const answering =
  (...answers: readonly Answer[]): Serve =>
  (socket, { nonce }) => {
    for (const answer of answers) socket.write(encodeAnswer(answer, nonce));
  };

test('an answer is used', async () => {
  let argv: readonly string[] = [];
  const serve: Serve = (socket, asked) => {
    argv = asked.request.argv;
    answering(report)(socket, asked);
  };
  assert.equal(await serving(serve, list), { status: 3, out: 'warm\n', err: '' });
  assert.equal(argv.slice(1), ['--debug', 'list']);
  assert.equal(await serving(answering({ kind: 'wait' }, { kind: 'wait' }, report), list), {
    status: 3,
    out: 'warm\n',
    err: '',
  });
});

test('a program is run', async () => {
  const program: Answer = {
    kind: 'program',
    entry: 'create',
    image: showing(['create']),
    values: { ID: 'box', PRESERVE_FDS: 2 },
    message: '',
  };
  const ended = await serving(answering(program), () => call('create', '-f', '/dev/null', 'id'));
  assert.match(ended.out, /^create: ID=box .*PRESERVE_FDS=2/);
});

/** What the fake compiler says that the engine starts. */
const cold = 'chos-runtime: cold: --debug list';
async function fallsBack(serve: Serve | null, why: string, listener = NOBODY, ask = list): Promise<void> {
  const { status, out, err } = await serving(serve, ask, listener);
  assert.equal([status, out], [1, ''], why);
  assert.is(err, `${cold}\nchos-runtime: warning: the compiler's service was not used: ${why}\n`);
}

test('without a service, or with that of another user, a compiler is started', async () => {
  rmSync(join(place, SERVICE_SOCKET), { force: true });
  assert.match((await list()).err, 'nobody listens');
  assert.is((await call('list')).err, 'chos-runtime: cold: list\n');
  if (isRoot) await fallsBack(answering(report), 'another user listens', 0);
});

test('one that refuses, dies, talks nonsense or is silent is not used', async () => {
  const senseless = 'its answer makes no sense';
  const raw =
    (change: (bytes: Buffer) => Uint8Array): Serve =>
    (socket, { nonce }) =>
      socket.end(change(Buffer.from(encodeAnswer(report, nonce))));
  const set = (at: number, value: number) =>
    raw(bytes => {
      bytes.writeUInt32LE(value, at);
      return bytes;
    });
  await fallsBack(answering({ kind: 'cold', message: 'it is tired' }), 'it is tired');
  await fallsBack(answering({ kind: 'wait' }, { kind: 'cold', message: 'lost' }), 'lost');
  await fallsBack(answering({ kind: 'cold', message: '' }), senseless);
  await fallsBack(answering({ kind: 'again' }), senseless);
  await fallsBack(answering({ kind: 'stored', entry: 'kill', values: {} }), senseless);
  await fallsBack(set(0, 1), senseless);
  await fallsBack(set(4, 3), senseless);
  await fallsBack(set(8, 0xffffffff), senseless);
  await fallsBack((socket, { nonce }) => socket.end(encodeAnswer(report, nonce ^ 1n)), senseless);
  await fallsBack(
    raw(() => Buffer.alloc(ANSWER_HEADER_SIZE, 'x')),
    senseless,
  );
  await fallsBack(null, 'it does not answer');
  await fallsBack(socket => socket.destroy(), 'it does not answer');
  await fallsBack(
    raw(bytes => bytes.subarray(0, 20)),
    'it does not answer',
  );
  await fallsBack(
    raw(bytes => bytes.subarray(0, -1)),
    'it does not answer',
  );
  const impatient = (): Promise<Ended> => callWith({ file: door }, '--debug', 'list');
  const waits = Array.from({ length: SERVICE_MOST_MS / SERVICE_BEAT_MS }, (): Answer => ({ kind: 'wait' }));
  await fallsBack(answering(...waits), 'it takes too long', NOBODY, impatient);
  // Nothing comes with it.
  await fallsBack((socket, { nonce }) => {
    const wait = Buffer.concat([encodeAnswer({ kind: 'wait' }, nonce), Buffer.alloc(16)]);
    wait.writeUInt32LE(wait.length, 8);
    socket.end(wait);
  }, senseless);
  await fallsBack(() => undefined, 'it does not answer', NOBODY, impatient);
});

test('an answer that is cut off, wherever it is, leaves nothing of itself', async () => {
  const image = showing(['create']);
  const values = { STATE_DIR: '/wrong', ID: 'box', PRESERVE_FDS: 2 };
  const program: Answer = { kind: 'program', entry: 'create', image, values, message: 'a warning' };
  const { length } = encodeAnswer(program, 0n);
  const texts = ANSWER_HEADER_SIZE + program.message.length;
  const places = [
    ...[0, 1, 4, ANSWER_HEADER_SIZE - 1, ANSWER_HEADER_SIZE, ANSWER_HEADER_SIZE + 1, texts, texts + 1],
    ...Array.from({ length: 10 }, (_, i) => texts + (i + 1) * 8),
    ...[image.length, image.length - 1, image.length >> 1, 1].map(rest => length - rest),
  ];
  for (const at of places) {
    const cut: Serve = (socket, { nonce }) => socket.end(encodeAnswer(program, nonce).subarray(0, at));
    const { err } = await serving(cut, () => call('--debug', 'create', '-f', '/dev/null', 'id'));
    const used = "the compiler's service was not used: it does not answer";
    assert.is(
      err,
      `chos-runtime: cold: --debug create -f /dev/null id\nchos-runtime: warning: ${used}\n`,
      String(at),
    );
  }
});

test('what is large, and what is none of its commands, does not reach it', async () => {
  let asked = 0;
  const serve: Serve = (socket, request) => {
    asked++;
    answering(report)(socket, request);
  };
  const large = ' '.repeat(SERVICE_REQUEST_LIMIT);
  const { err } = await serving(serve, () =>
    callWith({ input: large }, '--debug', 'create', '-f', '-', 'id'),
  );
  assert.match(err, 'the request is too large');
  assert.is((await serving(serve, () => call('state', 'id'))).err, 'chos-runtime: cold: state id\n');
  assert.is(asked, 0);
});

test.after(() => rmSync(directory, { recursive: true }));
test.run();

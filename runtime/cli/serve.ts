/** `serve`: the compiler as a service (docs/compiler-service.md). The engine becomes this process. */
import { chmodSync, lstatSync, mkdirSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { SERVICE_SOCKET } from '../../spec/wire.js';
import { codeOf } from '../host/error-code.js';
import { ownFiles } from '../host/own-engine.js';
import { codeFiles } from '../serve/code-files.js';
import { startCompiler } from '../serve/compiler.js';
import { Service } from '../serve/service.js';
import { distrustWay } from '../state/trusted.js';
import { durationOf } from './duration.js';
import {
  type Attempt,
  done,
  failed,
  type Invocation,
  type Outcome,
  ok,
  refuse,
  variable,
} from './invocation.js';
import { ownerOf, stateRoot } from './state-root.js';

/** Five minutes. */
const IDLE = 300_000;
/** Connections that wait to be accepted; the kernel allows as many as net.core.somaxconn. */
const BACKLOG = 4096;
/** sd_listen_fds(3) */
const FIRST_LISTENED = 3;

/** systemd has made the socket, and keeps it. */
function isActivated({ request }: Invocation): boolean {
  return (
    Number(variable(request, 'LISTEN_PID') ?? 0) === process.pid &&
    Number(variable(request, 'LISTEN_FDS') ?? 0) >= 1
  );
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    const tell = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => tell(true)).once('error', () => tell(false));
  });
}

/** The place of the socket: in a directory that is only the caller's, where nobody listens. What one that was killed left behind is taken away. */
async function place(invocation: Invocation): Promise<Attempt<string>> {
  const { request, line } = invocation;
  const root = stateRoot(
    request,
    { global: { ...line.global, texts: new Map() } },
    {
      euid: request.caller.euid,
      owner: ownerOf,
    },
  );
  if (root === null) return refuse({ kind: 'no-state-root' });
  const path = join(root, SERVICE_SOCKET);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    return refuse({ kind: 'file', verb: 'make', path: root, code: codeOf(error) });
  }
  const distrust = distrustWay(root);
  if (distrust !== null) return refuse({ kind: 'distrust', distrust });
  if (await answers(path)) return refuse({ kind: 'file', verb: 'listen on', path, code: 'EADDRINUSE' });
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path, { force: true });
  return ok(path);
}

/** What --debug adds: a line on stderr for each request. Whoever does not read them makes nobody wait. */
function teller({ line: { global } }: Invocation): { readonly tell?: (line: string) => void } {
  if (!global.flags.has('debug') && global.texts.get('log-level') !== 'debug') return {};
  const tell = (line: string): void => {
    try {
      writeSync(2, `chos-runtime: ${line}\n`);
    } catch {
      // Nobody is there to read it.
    }
  };
  return { tell };
}

function listen(server: Server, path: string | null): Promise<NodeJS.ErrnoException | null> {
  return new Promise(resolve => {
    server.once('error', resolve);
    const before = process.umask(0o177);
    server.listen(path === null ? { fd: FIRST_LISTENED } : { path, backlog: BACKLOG }, () => resolve(null));
    process.umask(before);
  });
}

export async function serve(invocation: Invocation): Promise<Outcome> {
  const given = invocation.line.options.texts.get('idle');
  const idle = given === undefined ? IDLE : durationOf(given);
  if (idle === null) {
    const fault = {
      kind: 'bad-value',
      option: '--idle',
      value: given ?? '',
      expected: 'a duration such as 5s, 1m30s or 500ms',
    } as const;
    return failed({ kind: 'usage', fault });
  }
  const [, file = ''] = process.argv;
  const files = codeFiles(ownFiles);
  const at: Attempt<string | null> = isActivated(invocation) ? ok(null) : await place(invocation);
  if (at.kind === 'failure') return failed(at.failure);
  const server = createServer();
  const error = await listen(server, at.value);
  if (error !== null)
    return failed({ kind: 'file', verb: 'listen on', path: at.value ?? 'the socket', code: codeOf(error) });
  if (at.value !== null) chmodSync(at.value, 0o600);
  await new Promise<void>(resolve => {
    const end = (): void => {
      server.close(() => resolve());
    };
    const compiler = startCompiler(file, () => service.next(), end);
    const service = new Service({ server, compiler, files, idle, end, ...teller(invocation) });
    process.on('SIGTERM', end).on('SIGINT', end);
  });
  return done('');
}

/** `serve`: the compiler as a service (docs/compiler-service.md). The engine becomes this process. */
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { connect, createServer, type ListenOptions, type Server } from 'node:net';
import { join } from 'node:path';
import { SERVICE_SCRATCH, SERVICE_SOCKET } from '../../spec/wire.js';
import { codeOf } from '../host/error-code.js';
import { ownMemory } from '../host/free-memory.js';
import { isLockedByOther } from '../host/libc.js';
import { makeDirectories } from '../host/make-directories.js';
import { ownFiles } from '../host/own-engine.js';
import { codeFiles } from '../serve/code-files.js';
import { type Compiler, DEADLINE, startCompiler } from '../serve/compiler.js';
import { PATIENCE, Service } from '../serve/service.js';
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
/** No more are connected at once, nor more than half of the descriptors that it may have. */
const CONNECTIONS = 4096;
/** sd_listen_fds(3) */
const FIRST_LISTENED = 3;

/** systemd has made the socket, and keeps it. */
function isActivated({ request }: Invocation): boolean {
  return (
    Number(variable(request, 'LISTEN_PID') ?? 0) === process.pid &&
    Number(variable(request, 'LISTEN_FDS') ?? 0) >= 1
  );
}

/** Why the place cannot be taken, as an errno's name; null: nobody listens there, as two errors alone say. EAGAIN is somebody with a full backlog. */
function listenedTo(path: string): Promise<string | null> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('EADDRINUSE');
    });
    socket.once('error', error => {
      const code = codeOf(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(null);
      else resolve(code === 'EAGAIN' ? 'EADDRINUSE' : code);
    });
  });
}

/** The directory of the socket, which is only the caller's. */
function home(invocation: Invocation): Attempt<string> {
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
  try {
    makeDirectories(root);
  } catch (error) {
    return refuse({ kind: 'file', verb: 'make', path: root, code: codeOf(error) });
  }
  const distrust = distrustWay(root, request.caller.euid);
  return distrust === null ? ok(root) : refuse({ kind: 'distrust', distrust });
}

/** Of a socket until somebody listens: what Node and Bun remove when they close it. */
const NEW = '.new.sock';

/** Gives the name of the socket up, if there is one and it is still our own socket's. */
type Leave = () => void;

/** Listens in a place where nobody does; what one that was killed has left there makes room. The directory is locked. */
async function take(server: Server, root: string): Promise<Attempt<Leave>> {
  const path = join(root, SERVICE_SOCKET);
  const found = lstatSync(path, { throwIfNoEntry: false });
  const code = found?.isSocket() === false ? 'EADDRINUSE' : await listenedTo(path);
  if (code !== null) return refuse({ kind: 'file', verb: 'listen on', path, code });
  // First: where no inode is left, this one is. But systemd, which does not lock, may have come.
  if (found !== undefined && inodeOf(path) === found.ino) rmSync(path);
  const fresh = join(root, NEW);
  rmSync(fresh, { force: true });
  const error = await listen(server, { path: fresh, backlog: BACKLOG });
  if (error !== null) return refuse({ kind: 'file', verb: 'listen on', path, code: codeOf(error) });
  chmodSync(fresh, 0o600);
  const own = inodeOf(fresh);
  if (inodeOf(path) !== undefined) {
    server.close();
    return refuse({ kind: 'file', verb: 'listen on', path, code: 'EADDRINUSE' });
  }
  renameSync(fresh, path);
  return ok(() => leave(root, own));
}

/** Whoever has the lock is about to find that nobody listens at the name, and takes it away himself. */
function leave(root: string, own: number | undefined): void {
  const path = join(root, SERVICE_SOCKET);
  try {
    const directory = openSync(root, 'r');
    if (!isLockedByOther(directory) && inodeOf(path) === own) rmSync(path);
    closeSync(directory);
  } catch {
    // The file system has become read-only: the next service finds that nobody listens.
  }
}

/** The directory is locked (flock(2)) meanwhile: of two that begin at once each would find nobody, and one take the other's place. */
async function place(server: Server, root: string): Promise<Attempt<Leave>> {
  let verb: 'open' | 'listen on' = 'open';
  try {
    const directory = openSync(root, 'r');
    verb = 'listen on';
    const taken = isLockedByOther(directory)
      ? refuse({ kind: 'file', verb, path: join(root, SERVICE_SOCKET), code: 'EADDRINUSE' })
      : await take(server, root);
    closeSync(directory);
    return taken;
  } catch (error) {
    server.close();
    const path = verb === 'open' ? root : join(root, SERVICE_SOCKET);
    return refuse({ kind: 'file', verb, path, code: codeOf(error) });
  }
}

/** The socket is systemd's, and its name, too. */
async function activated(server: Server): Promise<Attempt<Leave>> {
  const error = await listen(server, { fd: FIRST_LISTENED });
  if (error === null) return ok(() => undefined);
  return refuse({ kind: 'file', verb: 'listen on', path: 'the socket', code: codeOf(error) });
}

/** What cannot be removed, because the file system has become read-only, the next service removes. */
function removeScratch(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // It would be no better for being told: whoever reads it has heard of the file system.
  }
}

const inodeOf = (path: string): number | undefined => lstatSync(path, { throwIfNoEntry: false })?.ino;

/** Where nothing can be written, the first requests take longer: threads answer without having warmed up. A socket of systemd's keeps its service while that is so. */
function makeScratch(root: string): string {
  const path = join(root, SERVICE_SCRATCH);
  removeScratch(path);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // Threads find nothing there.
  }
  return path;
}

function mostConnections(): number {
  const [, files = ''] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
  return Math.min(CONNECTIONS, Math.floor(Number(files || CONNECTIONS) / 2));
}

/** What --debug adds: a line on stderr for each request. Whoever does not read them makes nobody wait: Node has made the pipe one that does not block. */
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

function listen(server: Server, on: ListenOptions | { readonly fd: number }): Promise<Error | null> {
  return new Promise(resolve => {
    // Later ones are of connections that could not be accepted.
    server.on('error', resolve);
    const before = process.umask(0o177);
    server.listen(on, () => resolve(null));
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
  const root = home(invocation);
  if (root.kind === 'failure') return failed(root.failure);
  // It may be told to end before it has begun.
  let isTold = false;
  let stop = (): void => {
    isTold = true;
  };
  process.on('SIGTERM', () => stop()).on('SIGINT', () => stop());
  const server = createServer();
  const at = isActivated(invocation) ? await activated(server) : await place(server, root.value);
  if (at.kind === 'failure') return failed(at.failure);
  const leavePlace = at.value;
  const scratch = makeScratch(root.value);
  const made = inodeOf(scratch);
  let compiler: Compiler | undefined;
  const why = await new Promise<string | null>(resolve => {
    let ends = false;
    const end = (reason: string | null): void => {
      if (ends) return;
      ends = true;
      server.close(() => resolve(reason));
      // Who has connected is still served.
      leavePlace();
    };
    const lost = (reason: string): void => {
      service.leave();
      end(reason);
    };
    const one = startCompiler({
      file,
      scratch,
      deadline: DEADLINE,
      ready: () => service.next(),
      lost,
    });
    compiler = one;
    const service = new Service({
      server,
      compiler: one,
      patience: PATIENCE,
      connections: mostConnections(),
      files,
      idle,
      memory: ownMemory(),
      end: () => end(null),
      lost,
      ...teller(invocation),
    });
    stop = () => end(null);
    if (isTold) stop();
  });
  // It writes there while it warms up.
  await compiler?.end();
  // Another service, which may have begun since the socket was closed, has made its own in that place.
  if (inodeOf(scratch) === made) removeScratch(scratch);
  return why === null ? done('') : failed({ kind: 'compiler-lost', why });
}

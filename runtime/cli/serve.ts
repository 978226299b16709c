/** `serve`: the compiler as a service (docs/compiler-service.md). The engine becomes this process. */
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
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

interface Place {
  /** Null: the socket is systemd's. */
  readonly path: string | null;
  /** Another may have it. */
  readonly leave: () => void;
}

/**
 * The place of the socket, where nobody listens. What one that was killed left behind is taken away. The directory is locked (flock(2)) as long as the socket is there: of
 * two that begin at once each would find nobody, and one take away what the other has just made.
 */
async function place(root: string): Promise<Attempt<Place>> {
  const path = join(root, SERVICE_SOCKET);
  try {
    const directory = openSync(root, 'r');
    const code = isLockedByOther(directory) ? 'EADDRINUSE' : await listenedTo(path);
    if (code !== null) return refuse({ kind: 'file', verb: 'listen on', path, code });
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path, { force: true });
    let left = false;
    const leave = (): void => {
      if (!left) closeSync(directory);
      left = true;
    };
    return ok({ path, leave });
  } catch (error) {
    return refuse({ kind: 'file', verb: 'remove', path, code: codeOf(error) });
  }
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

/**
 * Node and Bun remove what has the name of a socket that they close. systemd takes the name of one that is in its way (its unit was started after a service that had made
 * its own): its socket is nobody's to remove. For less than a millisecond it has another name.
 */
function closeSocket(
  server: Server,
  path: string | null,
  own: number | undefined,
  scratch: string,
  done: () => void,
): void {
  const kept = join(scratch, 'socket');
  let isKept = false;
  try {
    if (path !== null && ![own, undefined].includes(inodeOf(path))) {
      linkSync(path, kept);
      isKept = true;
    }
  } catch {
    // There is no room for a name.
  }
  server.close(done);
  try {
    if (isKept && path !== null && inodeOf(path) === undefined) renameSync(kept, path);
  } catch {
    // Whoever has it can only make it anew.
  }
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

function listen(server: Server, path: string | null): Promise<NodeJS.ErrnoException | null> {
  return new Promise(resolve => {
    // Later ones are of connections that could not be accepted.
    server.on('error', resolve);
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
  const root = home(invocation);
  if (root.kind === 'failure') return failed(root.failure);
  const at: Attempt<Place> = isActivated(invocation)
    ? ok({ path: null, leave: () => undefined })
    : await place(root.value);
  if (at.kind === 'failure') return failed(at.failure);
  const { path, leave } = at.value;
  const server = createServer();
  const error = await listen(server, path);
  if (error !== null)
    return failed({ kind: 'file', verb: 'listen on', path: path ?? 'the socket', code: codeOf(error) });
  if (path !== null) chmodSync(path, 0o600);
  const socket = path === null ? undefined : inodeOf(path);
  const scratch = makeScratch(root.value);
  const made = inodeOf(scratch);
  let compiler: Compiler | undefined;
  const why = await new Promise<string | null>(resolve => {
    let closed = false;
    const end = (reason: string | null): void => {
      if (!closed) closeSocket(server, path, socket, scratch, () => resolve(reason));
      closed = true;
      // The socket is gone, though who has connected is still served.
      leave();
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
    process.on('SIGTERM', () => end(null)).on('SIGINT', () => end(null));
  });
  // It writes there while it warms up.
  await compiler?.end();
  // Another service, which may have begun since the socket was closed, has made its own in that place.
  if (inodeOf(scratch) === made) removeScratch(scratch);
  return why === null ? done('') : failed({ kind: 'compiler-lost', why });
}

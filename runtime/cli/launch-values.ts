/** What the command line and the caller's environment give a program's parameters. */
import { existsSync, readFileSync } from 'node:fs';
import { type HostPath, hostPath } from '../../spec/paths.js';
import { NOTIFY_DIRECTORY } from '../compile/launch/notify-socket.js';
import type { Values } from '../engine/wire.js';
import { type Invocation, variable } from './invocation.js';

/** How many descriptors systemd's socket activation handed over (sd_listen_fds(3)); Podman lets the variable through. */
function listenFds({ request }: Invocation, inherited: Inherited): number {
  const text = variable(request, 'LISTEN_FDS') ?? '';
  const named = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  let open = 0;
  while (open < named && inherited(FIRST_LISTENED + open)) open++;
  return open;
}

/** Whether the caller handed down that descriptor. */
type Inherited = (fd: number) => boolean;

const FIRST_LISTENED = 3;
const O_CLOEXEC = 0o2000000;

/**
 * The variable may be left over from a service whose descriptors are closed: crun and runc start then, too. The engine, our parent, has the caller's descriptors; its own close
 * with the next execve. Where /proc does not tell, the variable counts.
 */
function isInherited(fd: number): boolean {
  const directory = `/proc/${process.ppid}/fdinfo`;
  if (!existsSync(directory)) return true;
  try {
    const [, flags = '0'] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`${directory}/${fd}`, 'utf8')) ?? [];
    return (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    return false;
  }
}

/** The variables by which the container's process finds those descriptors: it is pid 1 of its own pid namespace. */
export function listenEntries(invocation: Invocation, inherited: Inherited = isInherited): readonly string[] {
  const count = listenFds(invocation, inherited);
  if (count === 0) return [];
  const names = variable(invocation.request, 'LISTEN_FDNAMES');
  return [`LISTEN_FDS=${count}`, 'LISTEN_PID=1', ...(names === null ? [] : [`LISTEN_FDNAMES=${names}`])];
}

/**
 * The descriptors to keep. --preserve-fds and LISTEN_FDS name the same ones (Podman gives both), so the larger counts; crun adds them up
 * and so lets conmon's own descriptors through.
 */
export function preservedFds(invocation: Invocation, inherited: Inherited = isInherited): number {
  return Math.max(invocation.line.options.numbers.get('preserve-fds') ?? 0, listenFds(invocation, inherited));
}

/** As unix(7) has addresses: a path, or an abstract one. Others (vsock) are not passed on, nor is a variable that is left over. */
const isSocket = (text: string): boolean =>
  /^[/@]/.test(text) && Buffer.byteLength(text) < 108 && (text.startsWith('@') || existsSync(text));

/** Where `create` and `run` make a socket in the place of the caller's NOTIFY_SOCKET; null: it has none. */
export function notifyDirectory({ line, root, request }: Invocation): HostPath | null {
  const { name } = line.command;
  if ((name !== 'create' && name !== 'run') || !isSocket(variable(request, 'NOTIFY_SOCKET') ?? ''))
    return null;
  return hostPath(`${root}/${line.operands[0] ?? ''}/${NOTIFY_DIRECTORY}`);
}

/** What the command line gives the program's parameters, by the table; the front door's own reading is overridden by it. */
export function givenValues(invocation: Invocation, inherited: Inherited = isInherited): Values {
  const { command, options } = invocation.line;
  const values: Record<string, string | number> = {};
  for (const { long, parameter } of command.options) {
    if (parameter === undefined) continue;
    const text = options.texts.get(long);
    const number = options.numbers.get(long) ?? (options.flags.has(long) ? 1 : undefined);
    const value = text ?? number;
    if (value !== undefined) values[parameter] = value;
  }
  const preserve = preservedFds(invocation, inherited);
  return {
    ...values,
    ROOT: invocation.root,
    ...(command.id ? { ID: invocation.line.operands[0] ?? '' } : {}),
    ...(preserve > 0 ? { PRESERVE_FDS: preserve } : {}),
  };
}

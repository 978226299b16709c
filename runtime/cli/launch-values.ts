/** What the command line and the caller's environment give a program's parameters. */
import { existsSync } from 'node:fs';
import { type HostPath, hostPath } from '../../spec/paths.js';
import { NOTIFY_DIRECTORY } from '../compile/launch/notify-socket.js';
import type { Values } from '../engine/wire.js';
import { type Invocation, variable } from './invocation.js';

/**
 * How many descriptors systemd's socket activation handed over (sd_listen_fds(3)); Podman lets the variable through. It may be left over from a service whose
 * descriptors are closed: crun and runc start then, too.
 */
function listenFds({ request }: Invocation): number {
  const text = variable(request, 'LISTEN_FDS') ?? '';
  const named = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  return Math.min(named, request.caller.handed);
}

/** The variables by which the container's process finds those descriptors: it is pid 1 of its own pid namespace. */
export function listenEntries(invocation: Invocation): readonly string[] {
  const count = listenFds(invocation);
  if (count === 0) return [];
  const names = variable(invocation.request, 'LISTEN_FDNAMES');
  return [`LISTEN_FDS=${count}`, 'LISTEN_PID=1', ...(names === null ? [] : [`LISTEN_FDNAMES=${names}`])];
}

/**
 * The descriptors to keep. --preserve-fds and LISTEN_FDS name the same ones (Podman gives both), so the larger counts; crun adds them up
 * and so lets conmon's own descriptors through.
 */
export function preservedFds(invocation: Invocation): number {
  return Math.max(invocation.line.options.numbers.get('preserve-fds') ?? 0, listenFds(invocation));
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
export function givenValues(invocation: Invocation): Values {
  const { command, options } = invocation.line;
  const values: Record<string, string | number> = {};
  for (const { long, parameter } of command.options) {
    if (parameter === undefined) continue;
    const text = options.texts.get(long);
    const number = options.numbers.get(long) ?? (options.flags.has(long) ? 1 : undefined);
    const value = text ?? number;
    if (value !== undefined) values[parameter] = value;
  }
  const preserve = preservedFds(invocation);
  return {
    ...values,
    ROOT: invocation.root,
    ...(command.id ? { ID: invocation.line.operands[0] ?? '' } : {}),
    ...(preserve > 0 ? { PRESERVE_FDS: preserve } : {}),
  };
}

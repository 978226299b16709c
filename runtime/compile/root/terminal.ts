/**
 * process.terminal: a pty of the container's own devpts; its master goes to --console-socket or to the foreground of `run`.
 */
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  AF_UNIX,
  DEVPTS_SUPER_MAGIC,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  TIOCGPTPEER,
  TIOCGWINSZ,
  TIOCSCTTY,
  TIOCSPTLCK,
  TIOCSWINSZ,
} from '../../../spec/kernel.js';
import type { NormalProcess } from '../../../spec/normal-config.js';
import type { Action, Because } from '../../program/action.js';
import { attempt } from '../../program/control.js';
import {
  buffer,
  field,
  type Operand,
  type Slot,
  slot,
  struct,
  text,
  u16,
  u32,
} from '../../program/operand.js';
import {
  format,
  guard,
  type Line,
  load,
  type Outcome,
  resolve,
  send,
  store,
  sys,
} from '../../program/step.js';
import { attach, cloneTree } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { isConfined } from '../launch/confined.js';
import type { ProcessLaunch } from '../launch/launch.js';
import type { Places } from './destination.js';

/** Host track, before the namespaces: connect to the caller's socket (conmon accepts one connection). sun_path has 108 bytes. */
export function connectConsole(socketPath: Slot, to: Slot, because: Because): Action {
  // struct sockaddr_un: u16 family, 108 bytes of path; the family takes the place of two letters.
  const address = buffer('sockaddr_un', 110);
  return operation({ kind: 'connect-console', because }, [
    format(address, ['--', field(TemplateField.STRING, socketPath)]),
    store('U16', address, 0, AF_UNIX),
    sys('socket', [AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0], { to }),
    sys('connect', [to, address, 110]),
  ]);
}

/**
 * In the foreground the caller's terminal is the other end of the container's. From anything else the command would wait for input that never comes, and there is no end of
 * input that could be handed on: a shell that edits its line does not look for one.
 */
export function needTerminal(because: Because): Action {
  return operation({ kind: 'need-terminal', because }, [
    sys('ioctl_struct', [0, TIOCGWINSZ, buffer('terminal_size', 256)]),
  ]);
}

export interface Pty {
  readonly master: Slot;
  readonly slave: Slot;
}

/** Open a pty in the devpts of `root` and check that it is one (CVE-2025-52565). */
export function openPty(
  launch: Pick<ProcessLaunch, 'open' | 'facts' | 'namespaces'>,
  root: Operand,
  { consoleSize: size }: NormalProcess,
  because: Because,
): { readonly pty: Pty; readonly action: Action } {
  const { open } = launch;
  const master = slot('pty_master', -1);
  const slave = slot('pty_slave', -1);
  const stat = buffer('pty_statfs', 256);
  const magic = slot('pty_magic');
  const openAt = (path: string, o: Outcome): Line =>
    resolve(
      { root, path: text(path), how: 'NOFOLLOW', flags: open.RDWR | open.NOCTTY },
      { to: master, ...o },
    );
  // That of the host may be root's alone (ptmxmode=000): then the node that is everybody's. TIOCGPTPEER takes nothing but a terminal.
  const openMaster = (o: Outcome): readonly Line[] => [
    openAt('/dev/pts/ptmx', o),
    sys('fstatfs', [master, stat]),
    load(magic, 'U64', stat, 0),
    guard(magic, 'EQ', DEVPTS_SUPER_MAGIC, errnos.ENOTTY.number),
  ];
  const asked = size ? { rows: size.height, columns: size.width } : {};
  return {
    pty: { master, slave },
    action: operation({ kind: 'open-terminal', ...asked, because }, [
      ...(isConfined(launch) ? attempt(['EACCES'], openMaster, [openAt('/dev/ptmx', {})]) : openMaster({})),
      sys('ioctl_struct', [master, TIOCSPTLCK, struct('unlock', [u32(0)], true)]),
      sys('ioctl', [master, TIOCGPTPEER, open.RDWR | open.NOCTTY | open.CLOEXEC], { to: slave }),
      ...(size
        ? [
            sys('ioctl_struct', [
              slave,
              TIOCSWINSZ,
              struct('winsize', [u16(size.height), u16(size.width), u16(0), u16(0)], true),
            ]),
          ]
        : []),
    ]),
  };
}

/** /dev/console is the terminal: bound by descriptor, never by a path inside the container. */
export function bindConsole(places: Places, pty: Pty, because: Because): Action {
  const destination = slot('console_destination');
  const mount = slot('console_mount');
  const does = { kind: 'bind-console', because } as const;
  return operation(does, [
    ...places.open({ path: '/dev/console', make: 'file' }, destination, does),
    cloneTree(pty.slave, false, mount),
    attach(mount, destination),
    sys('close', [mount]),
    sys('close', [destination]),
  ]);
}

/** Send the master with a name as payload: conmon wants a non-empty message and exactly one descriptor. */
export function sendMaster(pty: Pty, socket: Operand, because: Because): Action {
  const fds = struct('console_fds', [u32(0), u32(0)]);
  const name = text('/dev/ptmx');
  return operation({ kind: 'send-terminal', to: 'console-socket', because }, [
    store('U32', fds, 0, pty.master),
    send(socket, name, name.size - 1, { array: fds, count: 1 }),
    sys('close', [socket]),
    sys('close', [pty.master]),
  ]);
}

/** The slave becomes stdin, stdout and stderr and the controlling terminal (after setsid). */
export function takeTerminal(pty: Pty, because: Because, owner: number): Action {
  return operation({ kind: 'take-terminal', owner, because }, [
    ...(owner !== 0 ? [sys('fchown', [pty.slave, owner, -1])] : []),
    sys('ioctl', [pty.slave, TIOCSCTTY, 0]),
    sys('dup3', [pty.slave, 0, 0]),
    sys('dup3', [pty.slave, 1, 0]),
    sys('dup3', [pty.slave, 2, 0]),
    sys('close', [pty.slave]),
  ]);
}

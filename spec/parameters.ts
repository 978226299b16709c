/**
 * Launch-program parameters: filled in when a program is loaded, so that one program serves many containers.
 * The number is part of the image format and of the wire: append; renumber only with new versions of both.
 *
 * A slot whose parameter is not given keeps what it was compiled with (-1 in text slots that have no default).
 *
 * text: the slot gets the data offset of a NUL-terminated copy, the next slot its length.
 * number: the slot gets the value.
 * vector: the slot gets the data offset of a NULL-terminated pointer array (as for execve).
 */
export type ParameterKind = 'text' | 'number' | 'vector';

export const parameters = {
  ID: { number: 0, kind: 'text', about: 'container id' },
  ROOT: { number: 1, kind: 'text', about: 'state root, absolute' },
  BUNDLE: { number: 2, kind: 'text', about: 'bundle directory, absolute' },
  PID_FILE: { number: 3, kind: 'text', about: '--pid-file' },
  CONSOLE_SOCKET: { number: 4, kind: 'text', about: '--console-socket' },
  PRESERVE_FDS: { number: 5, kind: 'number', about: 'descriptors from 3 on that the process keeps' },
  DETACH: { number: 6, kind: 'number', about: '--detach' },
  SIGNAL: { number: 7, kind: 'number', about: 'signal number of kill' },
  ALL: { number: 8, kind: 'number', about: 'kill --all' },
  FORCE: { number: 9, kind: 'number', about: 'delete --force' },
  ARGS: { number: 10, kind: 'vector', about: 'process arguments that replace those of the program' },
  ENVIRON: { number: 11, kind: 'vector', about: "the runtime's own environment, for hooks without env" },
  ARG0: { number: 12, kind: 'text', about: 'the first of ARGS' },
  KEEP: { number: 13, kind: 'number', about: 'run --keep: do not delete the container at its end' },
  PIDFD_SOCKET: { number: 14, kind: 'text', about: '--pidfd-socket' },
  STATE_DIR: { number: 15, kind: 'text', about: 'ROOT/ID' },
  NOTIFY_SOCKET: { number: 16, kind: 'text', about: 'NOTIFY_SOCKET of the environment (sd_notify(3))' },
  REUSED: { number: 17, kind: 'number', about: 'exec: the program was compiled for an earlier call' },
} as const satisfies Readonly<Record<string, { number: number; kind: ParameterKind; about: string }>>;

export type ParameterName = keyof typeof parameters;

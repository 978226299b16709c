/** What a row of the table of commands is made of (spec/commands.ts). */
import type { Entry } from '../entries.js';
import type { ParameterName } from '../parameters.js';

export interface Option {
  /** Long name without dashes. */
  readonly long: string;
  readonly short?: string;
  /**
   * flag: no value, but `--flag=true|false` is accepted. text, number: one value, `--opt V` or `--opt=V`.
   * list: as text, may be repeated. ignored: as flag, accepted without effect. ignored-text: one value, no effect.
   */
  readonly kind: 'flag' | 'text' | 'number' | 'list' | 'ignored' | 'ignored-text';
  readonly value?: string;
  /** The values that it has, where they are few: what completion offers. */
  readonly values?: readonly string[];
  /** The command itself says what is wrong with other values; else they are refused as soon as they are read. */
  readonly open?: true;
  readonly about: string;
  /** Of a command with actions: those that it is for. With the others it is refused. */
  readonly actions?: readonly string[];
  /** The launch-program parameter that the front door fills from it. */
  readonly parameter?: ParameterName;
  /** The file that the command reads: Command.input. */
  readonly input?: true;
  /** Known, but not carried out in this version: giving it is an error, because ignoring it would change what is started. */
  readonly refused?: true;
}

export interface Command {
  readonly name: string;
  readonly about: string;
  /** Positional arguments as shown in the usage line; the first is the container id where `id` is true. */
  readonly usage: string;
  readonly id: boolean;
  /** What the first positional argument can be, where that is a verb of its own. */
  readonly actions?: readonly string[];
  /** Of each action, what stands behind it, in the form of `usage`. */
  readonly operands?: Readonly<Record<string, string>>;
  /** Everything behind the first positional argument is data, even if it begins with a dash (exec, kill, ps). */
  readonly stopAtFirst: boolean;
  readonly options: readonly Option[];
  /** The stored program's entry that serves it without Node, if the options given all have parameters. */
  readonly stored?: Entry;
  /**
   * It reads a file, which the front door opens, since what the caller calls /dev/stdin or /dev/fd/63 is another file in Node. bundle: the one that an option
   * names, else config.json of the bundle (--bundle). named: only the one that an option names; the command finds others by itself.
   */
  readonly input?: 'bundle' | 'named';
  /** It starts a process inside a container: the engine goes on from a sealed memfd. */
  readonly joins?: true;
  /** Callers read stderr together with stdout as JSON (contract A4): warnings go to the log or nowhere. */
  readonly parsed?: true;
  /** It may wait for others (`tree release --drain`, ps(1)): the front door sets it no deadline once it has begun. */
  readonly waits?: true;
  /** It writes to standard output while it runs: TypeScript gets that of the caller, and is told of SIGHUP, SIGINT and SIGTERM before the command ends by them. */
  readonly streams?: true;
  /** The service answers it, where there is one (docs/compiler-service.md): it only reads, and its answer is all that comes of it, or a program that the engine executes. */
  readonly warm?: true;
  /** Its program is left in the state directory of the container, and used again (spec/reuse.ts). */
  readonly reuse?: true;
  /** Its program is left in the state root, and used again for other containers. */
  readonly again?: true;
  /** It is the service: the front door becomes the compiler instead of starting one. */
  readonly serves?: true;
  /** `later`: known, so that callers get a clear answer, but this version does not carry it out. Missing: carried out. */
  readonly support?: 'later';
}

export const flag = (long: string, about: string, more: Partial<Option> = {}): Option => ({
  long,
  kind: 'flag',
  about,
  ...more,
});
export const text = (long: string, value: string, about: string, more: Partial<Option> = {}): Option => ({
  long,
  kind: 'text',
  value,
  about,
  ...more,
});
export const number = (long: string, value: string, about: string, more: Partial<Option> = {}): Option => ({
  long,
  kind: 'number',
  value,
  about,
  ...more,
});
export const list = (long: string, value: string, about: string, more: Partial<Option> = {}): Option => ({
  long,
  kind: 'list',
  value,
  about,
  ...more,
});
/** For an option that this version knows and refuses. */
export const later = { refused: true } as const;

export const command = (
  name: string,
  usage: string,
  about: string,
  options: readonly Option[],
  more: Partial<Command> = {},
): Command => ({ name, usage, about, options, id: usage.startsWith('ID'), stopAtFirst: false, ...more });

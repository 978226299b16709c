/**
 * Reads the command line by the table (grammar: spec/commands.ts). The engine's front door reads it by the same table; this is not commander
 * because loading commander takes 10 ms of the 20 that `create` may cost [M]. Commander prints the help pages (help.ts).
 */
import { type Command, commands, globalOptions, LARGEST_NUMBER, type Option } from '../../spec/commands.js';
import type { UsageFault } from '../report/failure.js';

/** The options given, by long name. `ignored` kinds leave no trace. */
export interface GivenOptions {
  readonly flags: ReadonlySet<string>;
  readonly texts: ReadonlyMap<string, string>;
  readonly numbers: ReadonlyMap<string, number>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

export interface CommandLine {
  readonly global: GivenOptions;
  readonly command: Command;
  readonly options: GivenOptions;
  readonly operands: readonly string[];
}

export type ReadArguments =
  | { readonly kind: 'command'; readonly line: CommandLine }
  | { readonly kind: 'help'; readonly command: Command | null; readonly action?: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'fault'; readonly fault: UsageFault };

interface Collected extends GivenOptions {
  readonly flags: Set<string>;
  readonly texts: Map<string, string>;
  readonly numbers: Map<string, number>;
  readonly lists: Map<string, string[]>;
}

interface Scanned {
  readonly options: Collected;
  readonly operands: readonly string[];
}

const help: Option = { long: 'help', short: 'h', kind: 'flag', about: 'print help' };
// The words of Go's strconv.ParseBool, and the no of crun's --tty=no.
const TRUE = new Set(['true', 'True', 'TRUE', 't', 'T', '1', 'yes']);
const FALSE = new Set(['false', 'False', 'FALSE', 'f', 'F', '0', 'no']);

const isFault = (value: Scanned | UsageFault): value is UsageFault => 'kind' in value;

/** Put one option's value away; returns what is wrong with it, or null. `value` is null where none was written with `=`. */
function store(into: Collected, option: Option, name: string, value: string | null): UsageFault | null {
  switch (option.kind) {
    case 'ignored':
    case 'ignored-text':
      return null;
    case 'flag':
      if (value === null || TRUE.has(value)) into.flags.add(option.long);
      else if (FALSE.has(value)) into.flags.delete(option.long);
      else return { kind: 'bad-value', option: name, value, expected: 'true or false' };
      return null;
    case 'text':
      if (option.values !== undefined && !option.open && !option.values.includes(value ?? ''))
        return { kind: 'bad-value', option: name, value: value ?? '', expected: option.values };
      into.texts.set(option.long, value ?? '');
      return null;
    case 'number': {
      const number = /^[0-9]{1,9}$/.test(value ?? '') ? Number(value) : Number.POSITIVE_INFINITY;
      if (number > LARGEST_NUMBER)
        return {
          kind: 'bad-value',
          option: name,
          value: value ?? '',
          expected: `a number from 0 to ${LARGEST_NUMBER}`,
        };
      into.numbers.set(option.long, number);
      return null;
    }
    case 'list':
      into.lists.set(option.long, [...(into.lists.get(option.long) ?? []), value ?? '']);
      return null;
  }
}

const takesValue = (option: Option): boolean => option.kind !== 'flag' && option.kind !== 'ignored';

/** The options that one argument beginning with a dash names, and the value written into it. */
function split(
  argument: string,
  table: readonly Option[],
): { named: readonly Option[]; value: string | null } | null {
  const equals = argument.indexOf('=');
  const value = equals < 0 ? null : argument.slice(equals + 1);
  const name = argument.slice(argument.startsWith('--') ? 2 : 1, equals < 0 ? undefined : equals);
  const long = name.length > 1 ? table.find(option => option.long === name) : undefined;
  if (long !== undefined) return { named: [long], value };
  if (argument.startsWith('--')) return null;
  const named: Option[] = [];
  const letters = argument.slice(1);
  for (let at = 0; at < letters.length; at++) {
    const option = table.find(candidate => candidate.short === letters[at]);
    if (option === undefined) return null;
    named.push(option);
    const rest = letters.slice(at + 1);
    if (takesValue(option)) return { named, value: rest === '' ? null : rest.replace(/^=/, '') };
    if (rest.startsWith('=')) return { named, value: rest.slice(1) };
  }
  return { named, value: null };
}

function scan(
  args: readonly string[],
  table: readonly Option[],
  command: string | null,
  stop: boolean,
): Scanned | UsageFault {
  const options: Collected = { flags: new Set(), texts: new Map(), numbers: new Map(), lists: new Map() };
  const operands: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] ?? '';
    if (argument === '--') return { options, operands: [...operands, ...args.slice(at + 1)] };
    if (!argument.startsWith('-') || argument === '-') {
      operands.push(argument);
      if (!stop) continue;
      return { options, operands: [...operands, ...args.slice(at + 1)] };
    }
    const shown = argument.replace(/=.*/s, '');
    const found = split(argument, table);
    if (found === null) return { kind: 'unknown-option', option: shown, command };
    for (const [index, option] of found.named.entries()) {
      const last = index === found.named.length - 1;
      let value = last ? found.value : null;
      if (takesValue(option) && value === null) {
        at++;
        value = args[at] ?? null;
        if (value === null) return { kind: 'missing-value', option: shown, command };
      }
      const fault = store(options, option, `--${option.long}`, value);
      if (fault !== null) return fault;
      if (option.refused && (takesValue(option) || options.flags.has(option.long))) {
        return { kind: 'option-later', option: `--${option.long}`, command };
      }
    }
  }
  return { options, operands };
}

/** The operands that a usage line demands and allows: `ID [SIGNAL]` is 1 to 2, `...` has no end. `NAME[@N]` is one. */
function countFault(usage: string, command: string, operands: readonly string[]): UsageFault | null {
  const words = usage === '' ? [] : usage.split(' ');
  // Of `[COMMAND [ARG...]]` neither is demanded.
  const least = words.filter(word => !word.startsWith('[')).length;
  const most = usage.includes('...') ? Number.POSITIVE_INFINITY : words.length;
  const extra = operands[most];
  if (extra !== undefined) return { kind: 'extra-operand', operand: extra, command };
  if (operands.length >= least) return null;
  return { kind: 'missing-operand', operand: words[operands.length] ?? '', command };
}

/** An action has a usage line of its own. */
function operandFault({ name, usage, operands }: Command, given: readonly string[]): UsageFault | null {
  const [action = '', ...rest] = given;
  const own = operands?.[action];
  return own === undefined ? countFault(usage, name, given) : countFault(own, `${name} ${action}`, rest);
}

const isGiven = ({ long }: Option, { flags, texts, numbers, lists }: GivenOptions): boolean =>
  flags.has(long) || texts.has(long) || numbers.has(long) || lists.has(long);

/** `tree list --drain`: an option of another action, which this one would not look at. */
function misplaced(command: Command, { options, operands }: Scanned): UsageFault | null {
  const [action = ''] = operands;
  // A misspelt action is what is to be told.
  if (!command.actions?.includes(action)) return null;
  const other = command.options.find(
    option => option.actions && !option.actions.includes(action) && isGiven(option, options),
  );
  if (other === undefined) return null;
  const { long, actions = [] } = other;
  return { kind: 'option-of-other-action', option: `--${long}`, command: command.name, action, actions };
}

function helpOf(command: Command | null, given: string | undefined): ReadArguments {
  const action = command?.actions?.find(name => name === given);
  return action === undefined ? { kind: 'help', command } : { kind: 'help', command, action };
}

/** Read the arguments behind the command's own name (argv[1] and on). */
export function readArguments(args: readonly string[]): ReadArguments {
  const front = scan(args, globalOptions, null, true);
  if (isFault(front)) return { kind: 'fault', fault: front };
  const [name, ...rest] = front.operands;
  if (front.options.flags.has('version')) return { kind: 'version' };
  if (name === undefined) {
    if (front.options.flags.has('help')) return { kind: 'help', command: null };
    return { kind: 'fault', fault: { kind: 'no-command' } };
  }
  const command = commands.find(candidate => candidate.name === name);
  if (command === undefined) {
    if (name === 'help') return helpOf(commands.find(({ name: n }) => n === rest[0]) ?? null, rest[1]);
    return { kind: 'fault', fault: { kind: 'unknown-command', given: name } };
  }
  // Before its options are looked at: Podman asks `checkpoint --help` and takes exit code 0 for support.
  if (command.support === 'later') return { kind: 'fault', fault: { kind: 'command-later', command: name } };
  if (front.options.flags.has('help')) return { kind: 'help', command };
  const back = scan(rest, [...command.options, help], name, command.stopAtFirst);
  if (isFault(back)) return { kind: 'fault', fault: back };
  if (back.options.flags.has('help')) return helpOf(command, back.operands[0]);
  const fault = misplaced(command, back) ?? operandFault(command, back.operands);
  if (fault !== null) return { kind: 'fault', fault };
  return {
    kind: 'command',
    line: { global: front.options, command, options: back.options, operands: back.operands },
  };
}

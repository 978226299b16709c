/** Tables of the engine's front door: commands and their options. */
import { type Command, commands, entries, globalOptions, LARGEST_NUMBER, type Option } from '../commands.js';
import { parameters } from '../parameters.js';
import { defineTexts, quote } from './c-text.js';

export const optionKinds = ['flag', 'text', 'number', 'list', 'ignored', 'ignored-text'] as const;

/** Options that a compiled executable takes: those that its program has a place for, and those of the front door itself. */
function attachedUsage(): string {
  const run = commands.find(({ name }) => name === 'run')?.options ?? [];
  const taken = [
    ...run.filter(({ parameter }) => parameter !== undefined && parameter !== 'BUNDLE'),
    ...globalOptions.filter(({ long }) => ['root', 'log', 'log-format', 'log-level'].includes(long)),
  ];
  const flagsFirst = [...taken].sort(
    (one, other) => Number(other.kind === 'flag') - Number(one.kind === 'flag'),
  );
  return flagsFirst
    .map(({ long, value, values }) => [`--${long}`, values?.join('|') ?? value].filter(Boolean).join(' '))
    .map(option => ` [${option}]`)
    .join('');
}

const inputs = { none: 'INPUT_NONE', named: 'INPUT_NAMED', bundle: 'INPUT_BUNDLE' } as const;

/** Only the commands of which the front door must know more than the name; all others go the cold way as they are. */
const scanned = commands.filter(
  ({ stored, input, joins, parsed, waits, streams, warm, serves }) =>
    stored ?? input ?? joins ?? parsed ?? waits ?? streams ?? warm ?? serves,
);

export function commandTables() {
  const options: readonly Option[] = [...globalOptions, ...scanned.flatMap(command => command.options)];
  let first = globalOptions.length;
  const rows = scanned.map((command: Command) => {
    const row = [
      quote(command.name),
      first,
      command.options.length,
      command.stored === undefined ? 'NO_ENTRY' : entries[command.stored],
      Number(command.id),
      Number(command.stopAtFirst),
      inputs[command.input ?? 'none'],
      Number(command.joins ?? false),
      Number(command.parsed ?? false),
      Number(command.waits ?? false),
      Number(command.streams ?? false),
      Number(command.warm ?? false),
      Number(command.reuse ?? false),
      Number(command.again ?? false),
      Number(command.serves ?? false),
    ];
    first += command.options.length;
    return `  {${row.join(', ')}},`;
  });
  const width = Math.max(1, ...options.map(option => option.long.length)) + 1;
  return {
    declarations: [
      `struct option { char name[${width}]; char letter; uint8_t kind, parameter, input; };`,
      `struct command { char name[${Math.max(1, ...scanned.map(c => c.name.length)) + 1}]; uint16_t first_option; uint8_t options, entry, id, stop_at_first, input, joins, parsed, waits, streams, warm, reuse, again, serves; };`,
      'enum { INPUT_NONE, INPUT_NAMED, INPUT_BUNDLE };',
      `#define LARGEST_NUMBER ${LARGEST_NUMBER}`,
      ...defineTexts({ ATTACHED_USAGE: attachedUsage() }),
      `#define GLOBAL_OPTION_COUNT ${globalOptions.length}`,
      `#define OPTION_COUNT ${Math.max(1, options.length)}`,
      `#define COMMAND_COUNT ${Math.max(1, scanned.length)}`,
      'extern const struct option option_table[OPTION_COUNT];',
      'extern const struct command command_table[COMMAND_COUNT];',
    ],
    definitions: [
      'const struct option option_table[OPTION_COUNT] = {',
      ...options.map(option => {
        const letter = option.short === undefined ? 0 : option.short.charCodeAt(0);
        const parameter =
          option.parameter === undefined ? 'NO_PARAMETER' : parameters[option.parameter].number;
        return `  {${quote(option.long)}, ${letter}, ${optionKinds.indexOf(option.kind)}, ${parameter}, ${Number(option.input ?? false)}},`;
      }),
      '};',
      'const struct command command_table[COMMAND_COUNT] = {',
      ...rows,
      '};',
    ],
  };
}

/**
 * Writes build/gen/engine-tables.h and .c: everything that the engine knows of the specification. Nothing in the tables is a pointer, so
 * that the engine needs no relocations of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { type Command, commands, entries, globalOptions, LARGEST_NUMBER, type Option } from '../commands.js';
import { CONFIG_LIMIT, ID_LETTERS, ID_LIMIT } from '../container-limits.js';
import { errnos } from '../errno.js';
import {
  type Arch,
  ATTACHMENT_MAGIC,
  HEADER_SIZE,
  IMAGE_MAGIC,
  IMAGE_VERSION,
  ImageArch,
  ImageFlag,
  SECTIONS,
  TrackFlag,
} from '../image.js';
import {
  ArgMode,
  FIRST_FREE_SLOT,
  instructions,
  NO_LIST,
  NO_SLOT,
  NO_STEP,
  ReservedSlot,
  STEP_SIZE,
  TemplateField,
} from '../instructions.js';
import { parameters } from '../parameters.js';
import { FIRST_REALTIME_SIGNAL, KILL_SIGNAL, LAST_SIGNAL, signals } from '../signals.js';
import { STATE_ROOT, STATE_ROOT_NAME, STATE_ROOT_VARIABLE } from '../state-root.js';
import { systemCallNumber } from '../syscall-numbers.js';
import { type SystemCall, type SystemCallName, systemCalls } from '../syscalls.js';
import {
  ANSWER_HEADER_SIZE,
  ANSWER_MAGIC,
  AnswerKind,
  COMPILER_DESCRIPTORS,
  COMPILER_IDLE_SECONDS,
  COMPILER_LEAST_WORK,
  COMPILER_SECONDS,
  REQUEST_HEADER_SIZE,
  REQUEST_MAGIC,
  ValueKind,
  WIRE_VERSION,
  WireFd,
} from '../wire.js';

type Numbers = Readonly<Record<string, number>>;

/** An argument of a system call: what it is in the low byte, OPTIONAL, and a number (argument index or bytes) above. */
const ArgumentKind = {
  NONE: 0,
  NUMBER: 1,
  PATH: 2,
  COUNTED: 3,
  SIZED: 4,
  AT_MOST: 5,
  VECTOR: 6,
  LINK: 7,
  WORDS: 8,
} as const;
/** An argument of any other instruction, see `ArgumentKind` of spec/instructions.ts; NONE: there is no such argument. */
const operandKinds: readonly string[] = [
  'none',
  'number',
  'address',
  'address?',
  'number|address',
  'value',
  'any',
];
const OPTIONAL = 0x80;
const optionKinds = ['flag', 'text', 'number', 'list', 'ignored', 'ignored-text'] as const;

function argumentKind(argument: string): number {
  const [text = ''] = argument.split(' ');
  const optional = text.endsWith('?') ? OPTIONAL : 0;
  const kind = text.replace('?', '');
  const [name = '', number = ''] = kind.split(/[:=]/);
  const value = Number(number) * 256;
  switch (name) {
    case 'int':
    case 'len':
    case 'fd':
      return ArgumentKind.NUMBER;
    case 'path':
      return ArgumentKind.PATH + optional;
    case 'vector':
      return ArgumentKind.VECTOR + optional;
    case 'link':
      return ArgumentKind.LINK + optional;
    case 'words':
      return ArgumentKind.WORDS + optional + value;
    case 'in':
    case 'out':
    case 'struct':
      if (kind.includes(':')) return ArgumentKind.COUNTED + optional + value;
      return (name === 'in' ? ArgumentKind.AT_MOST : ArgumentKind.SIZED) + optional + value;
    default:
      throw new Error(`unknown argument kind ${text}`);
  }
}

const upper = (name: string) => name.replace(/[^a-zA-Z0-9]/g, '_').toUpperCase();
const quote = (text: string) => `"${text.replace(/[\\"]/g, '\\$&').replace(/\0/g, '\\0')}"`;
const define = (prefix: string, numbers: Numbers) =>
  Object.entries(numbers).map(([name, value]) => `#define ${prefix}${upper(name)} 0x${value.toString(16)}`);

const defineTexts = (texts: Readonly<Record<string, string>>) =>
  Object.entries(texts).map(([name, text]) => `#define ${name} ${quote(text)}`);

/** The class of letters written out. */
function idLetters(): string {
  const letter = new RegExp(`[${ID_LETTERS}]`);
  return Array.from({ length: 0x7f }, (_, code) => String.fromCharCode(code))
    .filter(one => letter.test(one))
    .join('');
}

/** Position of a `sub` in the mask of those that an instruction knows: the signed widths (0x81...) begin at 16. */
const subBit = (sub: number) => (sub & 0x80 ? 16 + (sub & 0x0f) : sub);

const errnoTable = () =>
  new Map(Object.values(errnos).map(({ number, words: text }) => [number, text] as const));

function header(): readonly string[] {
  const ops = Object.entries(instructions);
  const lines = [
    '/* Generated from spec/ by spec/generate/c-header.ts. */',
    '#pragma once',
    '#include <stdint.h>',
    '',
  ];
  lines.push(...define('IMAGE_', { MAGIC: IMAGE_MAGIC, VERSION: IMAGE_VERSION, HEADER_SIZE, STEP_SIZE }));
  lines.push(
    ...define('IMAGE_FLAG_', ImageFlag),
    ...define('TRACK_', TrackFlag),
    ...define('IMAGE_ARCH_', ImageArch),
  );
  lines.push(`enum section { ${SECTIONS.map(name => `SECTION_${upper(name)}`).join(', ')}, SECTION_COUNT };`);
  lines.push(`#define ATTACHMENT_MAGIC ${quote(ATTACHMENT_MAGIC)}`);
  lines.push(...define('', { NO_SLOT, NO_LIST, NO_STEP, FIRST_FREE_SLOT }), ...define('SLOT_', ReservedSlot));
  lines.push(...define('MODE_', ArgMode));
  for (const [name, { op, subs }] of ops) lines.push(`#define OP_${name} ${op}`, ...define(`${name}_`, subs));
  lines.push(`#define OP_COUNT ${Math.max(...ops.map(([, { op }]) => op)) + 1}`);
  for (const [name, letter] of Object.entries(TemplateField)) lines.push(`#define FIELD_${name} '${letter}'`);
  lines.push(
    ...operandKinds.map((kind, i) => `#define OPERAND_${upper(kind.replace('?', '_or_none'))} ${i}`),
  );
  lines.push(...define('ARGUMENT_', ArgumentKind), `#define ARGUMENT_OPTIONAL ${OPTIONAL}`);
  lines.push(
    ...Object.entries(parameters).map(([name, { number }]) => `#define PARAMETER_${name} ${number}`),
  );
  lines.push(`#define PARAMETER_COUNT ${Math.max(...Object.values(parameters).map(p => p.number)) + 1}`);
  lines.push('#define NO_PARAMETER 0xff', ...define('KIND_', ValueKind), ...define('ENTRY_', entries));
  lines.push('#define NO_ENTRY 0xff', ...define('', { REQUEST_MAGIC, REQUEST_HEADER_SIZE, WIRE_VERSION }));
  lines.push(...define('', { ANSWER_MAGIC, ANSWER_HEADER_SIZE }), ...define('ANSWER_', AnswerKind));
  lines.push(...define('WIRE_FD_', WireFd), ...define('', { ID_LIMIT, CONFIG_LIMIT }));
  lines.push(...defineTexts({ ID_LETTERS: idLetters(), STATE_ROOT, STATE_ROOT_NAME, STATE_ROOT_VARIABLE }));
  lines.push(...define('', { KILL_SIGNAL: signals[KILL_SIGNAL] }));
  // A test has its own.
  for (const deadline of define('', { COMPILER_SECONDS, COMPILER_IDLE_SECONDS }))
    lines.push(`#ifndef ${deadline.split(' ')[1]}`, deadline, '#endif');
  lines.push(...define('', { COMPILER_LEAST_WORK, COMPILER_DESCRIPTORS }));
  lines.push(...optionKinds.map((kind, i) => `#define OPTION_${upper(kind)} ${i}`));
  return lines;
}

function operandKind(argument: string): number {
  const kind = operandKinds.indexOf(argument.replace(/ .*/, ''));
  if (kind <= 0) throw new Error(`unknown operand kind ${argument}`);
  return kind;
}

const pad = <T>(list: readonly T[], length: number, filler: T): readonly T[] =>
  [...list, ...Array<T>(length).fill(filler)].slice(0, length);

function instructionTables(): readonly string[] {
  const bySub = new Map<number, number>();
  const results = new Map<number, number>();
  const names = new Map<number, string>();
  for (const [name, { op, subs, results: count }] of Object.entries(instructions)) {
    const values: readonly number[] = Object.values(subs);
    bySub.set(op, values.length === 0 ? 1 : values.reduce((mask, sub) => mask | (1 << subBit(sub)), 0));
    results.set(op, count);
    names.set(op, name);
  }
  const list = (map: ReadonlyMap<number, number>) =>
    Array.from({ length: Math.max(...map.keys()) + 1 }, (_, op) => map.get(op) ?? 0).join(', ');
  const calls = Object.entries<SystemCall>(systemCalls).sort(([, a], [, b]) => a.index - b.index);
  const row = (arch: Arch) =>
    calls.map(([name, call]) => {
      const args = pad<number>(call.args.map(argumentKind), 6, ArgumentKind.NONE);
      return `  {${systemCallNumber(name as SystemCallName, arch)}, {${args.join(', ')}}},`;
    });
  return [
    `const uint32_t op_subs[OP_COUNT] = {${list(bySub)}};`,
    `const uint8_t op_results[OP_COUNT] = {${list(results)}};`,
    'const uint8_t op_operands[OP_COUNT][6] = {',
    ...Object.entries(instructions).map(
      ([name, { args }]) =>
        `  [OP_${name}] = {${pad(Object.values(args).map(operandKind), 6, 0).join(', ')}},`,
    ),
    '};',
    `const struct system_call system_calls[SYSTEM_CALL_COUNT] = {`,
    '#ifdef __x86_64__',
    ...row('x86_64'),
    '#else',
    ...row('aarch64'),
    '#endif',
    '};',
    '#ifdef ENGINE_DEBUG',
    `const char op_names[OP_COUNT][12] = {${[...names].map(([op, name]) => `[${op}] = "${name}"`).join(', ')}};`,
    `const char call_names[SYSTEM_CALL_COUNT][20] = {${Object.entries<SystemCall>(systemCalls)
      .sort(([, a], [, b]) => a.index - b.index)
      .map(([name]) => quote(name))
      .join(', ')}};`,
    '#endif',
  ];
}

function instructionDeclarations(): readonly string[] {
  return [
    `#define SYSTEM_CALL_COUNT ${Object.keys(systemCalls).length}`,
    'struct system_call { uint16_t number; uint32_t args[6]; };',
    'extern const uint32_t op_subs[OP_COUNT];',
    'extern const uint8_t op_results[OP_COUNT];',
    'extern const uint8_t op_operands[OP_COUNT][6];',
    'extern const struct system_call system_calls[SYSTEM_CALL_COUNT];',
    '#ifdef ENGINE_DEBUG',
    'extern const char op_names[OP_COUNT][12];',
    'extern const char call_names[SYSTEM_CALL_COUNT][20];',
    '#endif',
  ];
}

/** The words of all errnos in one string, one after another; the index of each is in a table beside it. */
function wordTables(words: ReadonlyMap<number, string>, signals: Numbers) {
  const highest = Math.max(...words.keys());
  const texts: string[] = [''];
  const index: number[] = [];
  let at = 1;
  for (let number = 0; number <= highest; number++) {
    const text = words.get(number);
    index.push(text === undefined ? 0 : at);
    if (text === undefined) continue;
    texts.push(text);
    at += Buffer.byteLength(text) + 1;
  }
  const names = Object.entries(signals);
  const kinds = Array.from(
    { length: Math.max(...Object.values(parameters).map(p => p.number)) + 1 },
    () => 0,
  );
  for (const { number, kind } of Object.values(parameters))
    kinds[number] = ['number', 'text', 'vector'].indexOf(kind);
  return {
    declarations: [
      `#define ENTRY_COUNT ${Object.keys(entries).length}`,
      `#define ERRNO_COUNT ${highest + 1}`,
      'extern const char errno_words[];',
      'extern const uint16_t errno_index[ERRNO_COUNT];',
      `#define SIGNAL_COUNT ${names.length}`,
      ...define('', { FIRST_REALTIME_SIGNAL, LAST_SIGNAL }),
      'struct signal_name { char name[10]; uint8_t number; };',
      'extern const struct signal_name signal_names[SIGNAL_COUNT];',
      'extern const uint8_t parameter_kinds[PARAMETER_COUNT];',
      '#ifdef ENGINE_DEBUG',
      'extern const char parameter_names[PARAMETER_COUNT][20];',
      'extern const char entry_names[ENTRY_COUNT][12];',
      '#endif',
    ],
    definitions: [
      `const char errno_words[] = ${texts.map(text => quote(`${text}\0`)).join('\n  ')};`,
      `const uint16_t errno_index[ERRNO_COUNT] = {${index.join(', ')}};`,
      'const struct signal_name signal_names[SIGNAL_COUNT] = {',
      ...names.map(([name, number]) => `  {"${name}", ${number}},`),
      '};',
      `const uint8_t parameter_kinds[PARAMETER_COUNT] = {${kinds.join(', ')}};`,
      '#ifdef ENGINE_DEBUG',
      `const char parameter_names[PARAMETER_COUNT][20] = {${Object.entries(parameters)
        .map(([name, { number }]) => `[${number}] = "${name}"`)
        .join(', ')}};`,
      `const char entry_names[ENTRY_COUNT][12] = {${Object.entries(entries)
        .map(([name, number]) => `[${number}] = "${name}"`)
        .join(', ')}};`,
      '#endif',
    ],
  };
}

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
  ({ stored, input, joins, parsed, waits }) => stored ?? input ?? joins ?? parsed ?? waits,
);

function commandTables() {
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
    ];
    first += command.options.length;
    return `  {${row.join(', ')}},`;
  });
  const width = Math.max(1, ...options.map(option => option.long.length)) + 1;
  return {
    declarations: [
      `struct option { char name[${width}]; char letter; uint8_t kind, parameter, input; };`,
      `struct command { char name[${Math.max(1, ...scanned.map(c => c.name.length)) + 1}]; uint16_t first_option; uint8_t options, entry, id, stop_at_first, input, joins, parsed, waits; };`,
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

const words = wordTables(errnoTable(), signals);
const commandLines = commandTables();
mkdirSync('build/gen', { recursive: true });
writeFileSync(
  'build/gen/engine-tables.h',
  [...header(), ...instructionDeclarations(), ...words.declarations, ...commandLines.declarations, ''].join(
    '\n',
  ),
);
writeFileSync(
  'build/gen/engine-tables.c',
  [
    '/* Generated from spec/ by spec/generate/c-header.ts. */',
    '#include "engine-tables.h"',
    ...instructionTables(),
    ...words.definitions,
    ...commandLines.definitions,
    '',
  ].join('\n'),
);

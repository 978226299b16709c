/**
 * Writes build/gen/engine-tables.h and .c: everything that the engine knows of the specification. Nothing in the tables is a pointer, so
 * that the engine needs no relocations of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { callerFiles, callerNamespaces } from '../caller.js';
import { chosUsage } from '../chos-command.js';
import { entries } from '../commands.js';
import { CONFIG_LIMIT, ID_LETTERS, ID_LIMIT } from '../container-limits.js';
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
import { LOOK_HEADER_SIZE, LookKind } from '../looks.js';
import { parameters } from '../parameters.js';
import {
  AGAIN_COUNT,
  AGAIN_DIRECTORY,
  AGAIN_IMAGE_LIMIT,
  AGAIN_LOOKS_LIMIT,
  AGAIN_MAGIC,
  AGAIN_MARKS,
  AGAIN_NAMES,
  AGAIN_TEXT_LIMIT,
  REUSE_ARGUMENTS_LIMIT,
  REUSE_COUNT,
  REUSE_IMAGE_LIMIT,
  REUSE_MAGIC,
  REUSE_TEXT_LIMIT,
} from '../reuse.js';
import { KILL_SIGNAL, signals } from '../signals.js';
import {
  STATE_ROOT,
  STATE_ROOT_NAME,
  STATE_ROOT_PARENT,
  STATE_ROOT_SESSIONS,
  STATE_ROOT_VARIABLE,
} from '../state-root.js';
import { systemCallNumber } from '../syscall-numbers.js';
import { type SystemCall, type SystemCallName, systemCalls } from '../syscalls.js';
import {
  ANSWER_HEADER_SIZE,
  ANSWER_LIMIT,
  ANSWER_MAGIC,
  AnswerKind,
  COMPILER_BEATS,
  COMPILER_DESCRIPTORS,
  COMPILER_IDLE_SECONDS,
  COMPILER_LEAST_WORK,
  COMPILER_MEMORY_MIB,
  COMPILER_SECONDS,
  COMPILER_WORK_SECONDS,
  InputKind,
  REQUEST_HEADER_SIZE,
  REQUEST_MAGIC,
  SERVICE_BEAT_MS,
  SERVICE_FIRST_MS,
  SERVICE_MOST_MS,
  SERVICE_NEXT_MS,
  SERVICE_REQUEST_LIMIT,
  SERVICE_SOCKET,
  ValueKind,
  WIRE_VERSION,
  WireFd,
} from '../wire.js';
import { commandTables, optionKinds } from './c-commands.js';
import { define, defineTexts, quote, upper } from './c-text.js';
import { wordTables } from './c-words.js';

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

/** The class of letters written out. */
function idLetters(): string {
  const letter = new RegExp(`[${ID_LETTERS}]`);
  return Array.from({ length: 0x7f }, (_, code) => String.fromCharCode(code))
    .filter(one => letter.test(one))
    .join('');
}

/** Position of a `sub` in the mask of those that an instruction knows: the signed widths (0x81...) begin at 16. */
const subBit = (sub: number) => (sub & 0x80 ? 16 + (sub & 0x0f) : sub);

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
  lines.push(`#define CHOS_USAGE ${quote(chosUsage).replaceAll('\n', '\\n')}`);
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
  lines.push(
    ...define('WIRE_FD_', WireFd),
    ...define('GIVEN_', InputKind),
    ...define('', { ID_LIMIT, CONFIG_LIMIT }),
  );
  lines.push(
    ...define('', { REUSE_MAGIC, REUSE_COUNT, REUSE_IMAGE_LIMIT, REUSE_TEXT_LIMIT, REUSE_ARGUMENTS_LIMIT }),
    ...define('', { AGAIN_MAGIC, AGAIN_COUNT, AGAIN_IMAGE_LIMIT, AGAIN_TEXT_LIMIT, AGAIN_LOOKS_LIMIT }),
    ...define('', { AGAIN_NAMES, AGAIN_MARKS, LOOK_HEADER_SIZE }),
    ...define('LOOK_', LookKind),
  );
  lines.push(
    `#define CALLER_FILE_COUNT ${callerFiles.length}`,
    `#define CALLER_NAMESPACE_COUNT ${callerNamespaces.length}`,
  );
  lines.push(
    ...defineTexts({
      ID_LETTERS: idLetters(),
      CALLER_FILES: callerFiles.map(name => `${name}\0`).join(''),
      CALLER_NAMESPACES: callerNamespaces.map(name => `${name}\0`).join(''),
      AGAIN_DIRECTORY,
      STATE_ROOT,
      STATE_ROOT_NAME,
      STATE_ROOT_PARENT,
      STATE_ROOT_SESSIONS,
      STATE_ROOT_VARIABLE,
    }),
  );
  lines.push(...define('', { KILL_SIGNAL: signals[KILL_SIGNAL] }));
  // A test has its own.
  for (const deadline of define('', {
    COMPILER_SECONDS,
    COMPILER_IDLE_SECONDS,
    COMPILER_WORK_SECONDS,
    COMPILER_MEMORY_MIB,
    SERVICE_FIRST_MS,
    SERVICE_NEXT_MS,
    SERVICE_MOST_MS,
  }))
    lines.push(`#ifndef ${deadline.split(' ')[1]}`, deadline, '#endif');
  lines.push(...define('', { COMPILER_LEAST_WORK, COMPILER_DESCRIPTORS, COMPILER_BEATS, ANSWER_LIMIT }));
  lines.push(...define('', { SERVICE_BEAT_MS, SERVICE_REQUEST_LIMIT }), ...defineTexts({ SERVICE_SOCKET }));
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

const words = wordTables();
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

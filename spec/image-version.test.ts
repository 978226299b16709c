/** Stored programs outlive the version that made them: whoever changes the format must raise IMAGE_VERSION, or an engine runs what means something else. */
import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { entries } from './commands.js';
import {
  ATTACHMENT_MAGIC,
  HEADER_SIZE,
  IMAGE_MAGIC,
  IMAGE_VERSION,
  ImageArch,
  ImageFlag,
  SECTIONS,
  TrackFlag,
} from './image.js';
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
} from './instructions.js';
import { parameters } from './parameters.js';
import { systemCallNumber } from './syscall-numbers.js';
import { type SystemCall, type SystemCallName, systemCalls } from './syscalls.js';

/**
 * The format of IMAGE_VERSION, and how long its tables were when that was raised. What is appended to a table later needs no new version: older
 * programs do not use it, and an older engine refuses what it does not know.
 */
const recorded = {
  version: 3,
  instructions: 23,
  systemCalls: 79,
  parameters: 16,
  entries: 10,
  format: 'da5494b49bdcf9165f3ac1f5ccf3ad66',
};

type Numbered = readonly (readonly [number, unknown])[];

/** The first `count` of a table by their numbers; the rest was appended. */
const first = (table: Numbered, count: number): Numbered =>
  [...table].sort(([one], [other]) => one - other).slice(0, count);

function formatOf(
  tables: Record<'instructions' | 'systemCalls' | 'parameters' | 'entries', Numbered>,
): string {
  const format = {
    layout: {
      IMAGE_MAGIC,
      HEADER_SIZE,
      STEP_SIZE,
      SECTIONS,
      ImageFlag,
      TrackFlag,
      ImageArch,
      ATTACHMENT_MAGIC,
    },
    steps: { ArgMode, NO_SLOT, NO_LIST, NO_STEP, ReservedSlot, FIRST_FREE_SLOT, TemplateField },
    instructions: first(tables.instructions, recorded.instructions),
    systemCalls: first(tables.systemCalls, recorded.systemCalls),
    parameters: first(tables.parameters, recorded.parameters),
    entries: first(tables.entries, recorded.entries),
  };
  return createHash('sha256').update(JSON.stringify(format)).digest('hex').slice(0, 32);
}

const now = {
  instructions: Object.values(instructions).map(
    ({ op, subs, args, results }) => [op, [subs, Object.keys(args), results]] as const,
  ),
  // How an argument is shown is no part of the format.
  systemCalls: Object.entries<SystemCall>(systemCalls).map(([name, { index, args }]) => {
    const numbers = (['x86_64', 'aarch64'] as const).map(arch =>
      systemCallNumber(name as SystemCallName, arch),
    );
    return [index, [...numbers, args.map(text => text.replace(/ .*/, ''))]] as const;
  }),
  parameters: Object.values(parameters).map(({ number, kind }) => [number, kind] as const),
  entries: Object.values(entries).map(number => [number, null] as const),
};

test('a changed format has a new version', () => {
  assert.equal(
    { version: IMAGE_VERSION, format: formatOf(now) },
    { version: recorded.version, format: recorded.format },
    'raise IMAGE_VERSION in spec/image.ts and write both, and the lengths of the tables, down in `recorded`',
  );
});

test('what is appended changes nothing, what is changed or put between does', () => {
  const [call] = now.systemCalls;
  const more = { ...now, systemCalls: [...now.systemCalls, [9999, null] as const] };
  const other = { ...now, systemCalls: [[call?.[0] ?? 0, 'another'] as const, ...now.systemCalls.slice(1)] };
  const between = { ...now, entries: [[-1, null] as const, ...now.entries] };
  assert.is(formatOf(more), formatOf(now));
  assert.is.not(formatOf(other), formatOf(now));
  assert.is.not(formatOf(between), formatOf(now));
});

test.run();

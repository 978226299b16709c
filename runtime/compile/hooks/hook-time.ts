/** How long a hook took, by the clock by which deadlines are kept. */
import { TemplateField } from '../../../spec/instructions.js';
import { CLOCK_MONOTONIC } from '../../../spec/kernel.js';
import { when } from '../../program/control.js';
import { cell, type Data, field, type Slot, slot, struct, u64 } from '../../program/operand.js';
import { alu, format, type Line, load, move, sys } from '../../program/step.js';
import { hookTook } from '../../report/operations/hooks.js';

/** Its words, and where they are: offset and length. */
export interface Took {
  readonly words: Slot;
  readonly text: Data;
}

export function takeTime(began: Data): readonly Line[] {
  return [sys('clock_gettime', [CLOCK_MONOTONIC, began])];
}

/** In tenths of a millisecond. There is no division: a product with 2^n / divisor, shifted, is exact for what is below 10^9. */
export function measure(began: Data, { words, text: into }: Took): readonly Line[] {
  const now = struct('hook_ended_at', [u64(0), u64(0)]);
  const [milliseconds, nanoseconds, from] = [slot('hook_ms'), slot('hook_ns'), slot('hook_from')];
  const [tenths, tenth] = [slot('hook_tenths'), slot('hook_tenth')];
  const divide = (to: Slot, value: Slot, by: number, shift: number): readonly Line[] => [
    alu(to, value, 'MUL', Math.ceil(2 ** shift / by)),
    alu(to, to, 'SHR', shift),
  ];
  return [
    sys('clock_gettime', [CLOCK_MONOTONIC, now]),
    load(milliseconds, 'I64', now, 0),
    load(from, 'I64', began, 0),
    alu(milliseconds, milliseconds, 'SUB', from),
    alu(milliseconds, milliseconds, 'MUL', 1000),
    load(nanoseconds, 'I64', now, 8),
    load(from, 'I64', began, 8),
    alu(nanoseconds, nanoseconds, 'SUB', from),
    ...when(nanoseconds, 'LT', 0, [
      alu(nanoseconds, nanoseconds, 'ADD', 1_000_000_000),
      alu(milliseconds, milliseconds, 'SUB', 1000),
    ]),
    ...divide(tenths, nanoseconds, 100_000, 46),
    alu(tenth, tenths, 'MOD', 10),
    ...divide(tenths, tenths, 10, 19),
    alu(milliseconds, milliseconds, 'ADD', tenths),
    format(into, hookTook(field(TemplateField.DECIMAL, milliseconds), field(TemplateField.DECIMAL, tenth)), {
      to: cell(words, 1),
    }),
    move(words, into),
  ];
}

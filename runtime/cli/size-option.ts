import { type Attempt, type Invocation, ok, refuse } from './invocation.js';
import { bytesOf } from './resource-options.js';

/** The bytes that an option gives; null: it is not given. */
export function sizeOption({ line }: Invocation, long: string): Attempt<number | null> {
  const value = line.options.texts.get(long);
  if (value === undefined) return ok(null);
  const bytes = bytesOf(value);
  if (bytes !== null && bytes >= 0n) return ok(Number(bytes));
  const expected = 'a number of bytes, or one with k, m, g or t';
  return refuse({ kind: 'usage', fault: { kind: 'bad-value', option: `--${long}`, value, expected } });
}

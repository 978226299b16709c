import { type Attempt, type Invocation, ok, refuse } from './invocation.js';

/** The value of --format, the first of `allowed` if it is not given. */
export function outputFormat<Format extends string>(
  { line }: Invocation,
  allowed: readonly [Format, ...Format[]],
): Attempt<Format> {
  const given = line.options.texts.get('format');
  if (given === undefined) return ok(allowed[0]);
  const format = allowed.find(candidate => candidate === given);
  if (format !== undefined) return ok(format);
  return refuse({
    kind: 'usage',
    fault: { kind: 'bad-value', option: '--format', value: given, expected: allowed },
  });
}

import { type Attempt, type Invocation, ok, refuse } from './invocation.js';

/** The value of --format, the first of `allowed` if it is not given. `--json` is its short form. */
export function outputFormat<Format extends string>(
  { line }: Invocation,
  allowed: readonly [Format, ...Format[]],
): Attempt<Format> {
  const json = line.options.flags.has('json');
  const given = line.options.texts.get('format') ?? (json ? 'json' : undefined);
  if (json && given !== 'json')
    return refuse({ kind: 'usage', fault: { kind: 'conflict', one: '--json', other: `--format ${given}` } });
  if (given === undefined) return ok(allowed[0]);
  const format = allowed.find(candidate => candidate === given);
  if (format !== undefined) return ok(format);
  return refuse({
    kind: 'usage',
    fault: { kind: 'bad-value', option: '--format', value: given, expected: allowed },
  });
}

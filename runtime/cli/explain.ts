import { existsSync } from 'node:fs';
import type { Input } from '../engine/wire.js';
import { explain as explainProgram } from '../program/explain.js';
import { explainText } from '../report/explain-text.js';
import { jsonText } from '../report/json-text.js';
import { readState } from '../state/read-state.js';
import { isContainerId } from './container-id.js';
import { givenFacts } from './facts.js';
import { givenBundle } from './given-bundle.js';
import { absolute, done, failed, type Invocation, type Outcome, ok } from './invocation.js';
import { prepareLaunch } from './launch.js';
import { outputFormat } from './output-format.js';
import { readSavedConfig } from './saved-config.js';

/**
 * `explain [BUNDLE|ID]`: what a launch would do. A directory counts before a container of that name; of a container the saved config.json is
 * explained.
 */
export function explain(invocation: Invocation): Outcome {
  const format = outputFormat(invocation, ['text', 'json']);
  if (format.kind === 'failure') return failed(format.failure);
  const { line, request, root } = invocation;
  const asked = givenBundle(invocation);
  if (asked.kind === 'failure') return failed(asked.failure);
  const given = asked.value;
  const isId =
    isContainerId(given) && !existsSync(absolute(invocation, given)) && existsSync(`${root}/${given}`);
  const found = isId ? readState(root, given, request.caller.euid) : null;
  if (found?.kind === 'distrust') return failed(found);
  const bundle = found?.kind === 'state' ? found.live.state.bundle : undefined;
  const saved =
    isId && !line.options.texts.has('config')
      ? readSavedConfig(`${root}/${given}`, request.caller.euid)
      : ok(null);
  if (saved.kind === 'failure') return failed(saved.failure);
  const handed: Input = saved.value === null ? request.input : { kind: 'bytes', bytes: saved.value };
  const facts = givenFacts(invocation);
  if (facts.kind === 'failure') return failed(facts.failure);
  const place = isId ? `${root}/${given}` : given;
  const launch = prepareLaunch(invocation, place, handed, bundle, facts.value);
  if (launch.kind === 'failure') return failed(launch.failure);
  const records = explainProgram(launch.value.program, { steps: line.options.flags.has('steps') });
  const out = format.value === 'json' ? `${jsonText(records, 2)}\n` : explainText(records);
  return done(out, launch.value.warnings);
}

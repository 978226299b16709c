/** `hooks run HOOK [--bundle B] [--stage S]`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseDefinition } from '../hooks/definition.js';
import type { Found, HookFile } from '../hooks/directories.js';
import { tryHook } from '../hooks/try-hook.js';
import { triedText } from '../report/tried-hook-text.js';
import { hookSubject } from './hook-subject.js';
import { type Attempt, absolute, failed, type Invocation, type Outcome, ok, refuse } from './invocation.js';
import { readInput } from './read-input.js';
import { refusedInput } from './refusal.js';

/** The status of the container at each stage (runtime.md, "Lifecycle"). At `precreate` there is none: the hook gets config.json. */
const status = {
  precreate: 'creating',
  prestart: 'creating',
  createRuntime: 'creating',
  createContainer: 'creating',
  startContainer: 'created',
  poststart: 'running',
  poststop: 'stopped',
} as const;
type Stage = keyof typeof status;
const stages = Object.keys(status) as readonly Stage[];

/** A name among those installed, or a file. */
function definitionOf(invocation: Invocation, found: Found, given: string): Attempt<HookFile['read']> {
  if (given.includes('/') || given.endsWith('.json')) {
    const bytes = readInput(given, absolute(invocation, given));
    return bytes.kind === 'failure' ? bytes : ok(parseDefinition(given, bytes.value));
  }
  const usable = found.files.filter(file => file.replacedBy === null);
  const one = usable.find(file => file.name === given);
  return one === undefined
    ? refuse({ kind: 'no-hook', name: given, known: usable.map(file => file.name) })
    : ok(one.read);
}

function environmentOf(entries: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries.map(entry => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

const stateText = (
  stage: Stage,
  bundle: string,
  annotations: Readonly<Record<string, string>> = {},
): string =>
  JSON.stringify({
    ociVersion: '1.0.2',
    id: 'chos-hooks-run',
    status: status[stage],
    ...(stage === 'poststop' ? {} : { pid: process.pid }),
    bundle,
    annotations,
  });

export async function runHook(invocation: Invocation, found: Found): Promise<Outcome> {
  const given = invocation.line.operands[1];
  if (given === undefined)
    return failed({
      kind: 'usage',
      fault: { kind: 'missing-operand', operand: 'HOOK', command: 'hooks run' },
    });
  const read = definitionOf(invocation, found, given);
  if (read.kind === 'failure') return read;
  const one = read.value;
  if (one.kind === 'unreadable') return failed({ kind: 'file', verb: 'read', path: given, code: one.code });
  if (one.kind === 'not-a-file') return failed({ kind: 'not-a-file', path: given });
  if (one.kind === 'refused') return failed(refusedInput(one.diagnostics));
  const { texts } = invocation.line.options;
  const asked = texts.get('stage') ?? one.definition.stages[0];
  const stage = stages.find(name => name === asked);
  if (stage === undefined)
    return failed({
      kind: 'usage',
      fault: { kind: 'bad-value', option: '--stage', value: asked, expected: stages },
    });
  const bundle = absolute(invocation, texts.get('bundle') ?? '.');
  const config = join(bundle, 'config.json');
  const subject = stage === 'precreate' || existsSync(config) ? hookSubject(config, config) : null;
  if (subject?.kind === 'failure') return subject;
  const { hook } = one.definition;
  const input =
    stage === 'precreate'
      ? readInput(config, config)
      : ok(stateText(stage, bundle, subject?.value.annotations));
  if (input.kind === 'failure') return input;
  const tried = await tryHook({
    hook,
    cwd: bundle,
    environment: environmentOf(hook.env ?? invocation.request.environment),
    input: input.value,
  });
  return {
    kind: 'done',
    out: triedText(stage, hook.path, tried),
    exitCode: tried.end === 'exit' && tried.number === 0 ? 0 : 1,
  };
}

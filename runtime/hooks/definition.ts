/** One file of hooks.d (spec/hook-definition.schema.json), read and checked as config.json is. */
import { RE2JS } from 're2js';
import type { HookDefinition } from '../../spec/generated/hook-definition.js';
import { validateHookDefinition } from '../../spec/generated/validators.js';
import { isRecord } from '../../spec/is-record.js';
import { checkNames } from '../admit/check-names.js';
import { checkAbsolute, checkEnvironment, checkText } from '../admit/check-text.js';
import type { Diagnostic, Note, ValuePath } from '../admit/diagnostic.js';
import type { Document } from '../admit/document.js';
import { parse } from '../admit/parse.js';
import { noteViolations } from '../admit/shape.js';
import { checkProgram } from './program.js';

export type ReadDefinition =
  | { readonly kind: 'read'; readonly definition: HookDefinition; readonly document: Document }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] };

const properties = {
  file: ['version', 'hook', 'when', 'stages'],
  hook: ['path', 'args', 'env', 'timeout'],
  when: ['always', 'annotations', 'commands', 'hasBindMounts'],
} as const;

function checkPattern(pattern: string, path: ValuePath, note: Note): void {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    note(path, { kind: 'bad-pattern', why });
  }
}

function checkConditions({ when }: HookDefinition, note: Note): void {
  const { always, annotations = {}, commands = [], hasBindMounts } = when;
  for (const [key, value] of Object.entries(annotations)) {
    checkPattern(key, ['when', 'annotations', key], note);
    checkPattern(value, ['when', 'annotations', key], note);
  }
  for (const [at, command] of commands.entries()) checkPattern(command, ['when', 'commands', at], note);
  if (always === false) note(['when', 'always'], { kind: 'never-matches', why: 'always-false' });
  else if (hasBindMounts === false)
    note(['when', 'hasBindMounts'], { kind: 'never-matches', why: 'no-bind-mounts' });
  else if (always === undefined && hasBindMounts === undefined)
    if (commands.length === 0 && Object.keys(annotations).length === 0)
      note(['when'], { kind: 'never-matches', why: 'no-condition' });
}

function checkContent(definition: HookDefinition, note: Note): void {
  const { hook, stages } = definition;
  checkAbsolute(hook.path, ['hook', 'path'], note);
  checkEnvironment(hook.env ?? [], ['hook', 'env'], note);
  for (const [at, stage] of stages.entries()) {
    const first = stages.indexOf(stage);
    if (first !== at) note(['stages', at], { kind: 'duplicate', first: `stages[${first}]` });
  }
  checkConditions(definition, note);
}

/** What is wrong with the text of a file, as far as it alone says. */
export function parseDefinition(file: string, text: Uint8Array | string): ReadDefinition {
  const parsed = parse({ file, text });
  if (parsed.kind === 'refused') return parsed;
  const { document } = parsed;
  const diagnostics: Diagnostic[] = [];
  const note: Note = (path, what) => diagnostics.push(document.diagnose(path, what));
  const { value } = document;
  if (!validateHookDefinition(value)) noteViolations(value, validateHookDefinition.errors ?? [], note);
  // Podman passes over such a name, so that a misspelt condition counts as none.
  const of = 'a file of hooks.d';
  checkNames(value, { allowed: properties.file, of }, [], note);
  if (isRecord(value)) {
    checkNames(value.hook, { allowed: properties.hook, of }, ['hook'], note);
    checkNames(value.when, { allowed: properties.when, of }, ['when'], note);
  }
  checkText(document.text, value, note);
  const definition = value as HookDefinition;
  if (diagnostics.length === 0) checkContent(definition, note);
  if (diagnostics.length === 0) return { kind: 'read', definition, document };
  diagnostics.sort((one, other) => one.line - other.line || one.column - other.column);
  return { kind: 'refused', diagnostics };
}

/** What is wrong with the program that a file names. */
export function programFaults({
  definition,
  document,
}: Extract<ReadDefinition, { kind: 'read' }>): readonly Diagnostic[] {
  const fault = checkProgram(definition.hook.path);
  return fault === null ? [] : [document.diagnose(['hook', 'path'], fault)];
}

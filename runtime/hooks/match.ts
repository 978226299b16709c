/** Which hooks a container gets: the conditions of oci-hooks(5), as Podman asks them. */
import { RE2JS } from 're2js';
import type { HookDefinition } from '../../spec/generated/hook-definition.js';

export interface Subject {
  readonly annotations: Readonly<Record<string, string>>;
  /** process.args[0]; null where there is no process. */
  readonly command: string | null;
  /** A bind mount that the caller's own user may have asked for. */
  readonly bindMount: string | null;
}

export type Answer = { readonly runs: boolean; readonly why: string };

const matches = (pattern: string, text: string): boolean => RE2JS.compile(pattern).matcher(text).find();

const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** The first annotation that a pair of patterns fits. */
function annotationFor(
  { annotations }: Subject,
  key: string,
  value: string,
): readonly [string, string] | undefined {
  return Object.entries(annotations).find(([name, text]) => matches(key, name) && matches(value, text));
}

/** All conditions that are given must hold, of the commands one; none given is none that holds. */
export function match({ when }: HookDefinition, subject: Subject): Answer {
  const held: string[] = [];
  const not = (why: string): Answer => ({ runs: false, why });
  if (when.always === false) return not('always is false');
  if (when.always === true) held.push('always');
  if (when.hasBindMounts === false) return not('hasBindMounts is false');
  if (when.hasBindMounts === true) {
    if (subject.bindMount === null) return not('no bind mount');
    held.push(`bind mount at ${subject.bindMount}`);
  }
  for (const [key, value] of Object.entries(when.annotations ?? {})) {
    const found = annotationFor(subject, key, value);
    if (found === undefined) return not(`no annotation fits ${quote(key)}: ${quote(value)}`);
    held.push(`annotation ${quote(found[0])}: ${quote(found[1])}`);
  }
  const { commands = [] } = when;
  const { command } = subject;
  if (commands.length > 0 && command !== null) {
    const pattern = commands.find(one => matches(one, command));
    if (pattern === undefined)
      return not(`command ${quote(command)} fits none of ${commands.map(quote).join(', ')}`);
    held.push(`command ${quote(command)} fits ${quote(pattern)}`);
  }
  return held.length > 0 ? { runs: true, why: held.join(', ') } : not('no condition holds');
}

/** What the conditions of hooks ask a config.json for. It need not be one that this runtime would start: other runtimes have hooks too. */
import type { Config } from '../../spec/generated/config.js';
import { validateConfig } from '../../spec/generated/validators.js';
import type { Diagnostic } from '../admit/diagnostic.js';
import { parse } from '../admit/parse.js';
import { noteViolations } from '../admit/shape.js';
import type { Subject } from '../hooks/match.js';
import { type Attempt, ok, refuse } from './invocation.js';
import { readInput } from './read-input.js';
import { refusedInput } from './refusal.js';

/** What Podman binds by itself: its user has not asked for these. */
const podmansOwn =
  /^\/(etc\/(hosts|hostname|resolv\.conf)|run\/\.containerenv|run\/secrets|dev\/shm|proc|sys)(\/|$)/;

/** `file` as the caller calls it, opened at `at`. */
export function hookSubject(file: string, at: string): Attempt<Subject> {
  const bytes = readInput(file, at);
  if (bytes.kind === 'failure') return bytes;
  const parsed = parse({ file, text: bytes.value });
  if (parsed.kind === 'refused') return refuse(refusedInput(parsed.diagnostics));
  const { document } = parsed;
  if (!validateConfig(document.value)) {
    const diagnostics: Diagnostic[] = [];
    noteViolations(document.value, validateConfig.errors ?? [], (path, what) =>
      diagnostics.push(document.diagnose(path, what)),
    );
    return refuse(refusedInput(diagnostics));
  }
  const { annotations = {}, process, mounts = [] } = document.value as Config;
  const bind = mounts.find(
    ({ type, options = [], destination }) =>
      (type === 'bind' || options.includes('bind') || options.includes('rbind')) &&
      !podmansOwn.test(destination),
  );
  return ok({ annotations, command: process?.args?.[0] ?? null, bindMount: bind?.destination ?? null });
}

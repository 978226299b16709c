/** One request, one answer: read the command line, run the command, find the words. */

import { STATE_ROOT } from '../../spec/state-root.js';
import { unreachable } from '../../spec/unreachable.js';
import { ANSWER_LIMIT } from '../../spec/wire.js';
import { type CommandLine, readArguments } from '../cli/arguments.js';
import { create } from '../cli/create.js';
import { exec } from '../cli/exec.js';
import { failed, type Outcome, type Run } from '../cli/invocation.js';
import { ownerOf, stateRoot } from '../cli/state-root.js';
import { type Answer, joinWarnings, type Request } from '../engine/wire.js';
import { isUnreadable } from '../host/error-code.js';
import type { ProgramTooLarge } from '../program/encode.js';
import type { Failure } from '../report/failure.js';
import { failureText } from '../report/failure-text.js';
import { moreWarnings } from '../report/warning-text.js';

const others = () => import('./other-commands.js');

/**
 * Both are imported as a matter of course: what is imported on demand in one bundle, and all that it needs, becomes a function for each of its
 * modules, and that cost every start more (4 % of its processor time) than reading the modules of the other command.
 */
async function find(command: string): Promise<Run | undefined> {
  switch (command) {
    case 'create':
    case 'run':
      return create;
    case 'exec':
      return exec;
    default:
      return (await others()).otherCommands[command]?.();
  }
}

const isTooLarge = (error: unknown): error is ProgramTooLarge =>
  error instanceof Error && error.name === 'ProgramTooLarge';

async function runLine(request: Request, line: CommandLine): Promise<Outcome> {
  const run = await find(line.command.name);
  if (run === undefined) {
    return failed({ kind: 'usage', fault: { kind: 'command-later', command: line.command.name } });
  }
  const { command } = line;
  const root = stateRoot(request, line, { euid: request.caller.euid, owner: ownerOf });
  if (command.id || command.name === 'list') {
    if (root === null) return failed({ kind: 'no-state-root' });
    if (request.caller.texts.status === '') return failed({ kind: 'no-procfs' });
  }
  try {
    return await run({ request, line, root: root ?? STATE_ROOT });
  } catch (error) {
    if (isTooLarge(error)) {
      const { of, count, most } = error;
      return failed({ kind: 'program-too-large', of, count, most });
    }
    if (!isUnreadable(error)) throw error;
    return failed({ kind: 'file', verb: 'read', path: error.path, code: error.code });
  }
}

async function outcomeOf(request: Request): Promise<{ outcome: Outcome; command: string | null }> {
  const read = readArguments(request.argv.slice(1));
  switch (read.kind) {
    case 'command':
      return { outcome: await runLine(request, read.line), command: read.line.command.name };
    case 'help':
      return { outcome: (await others()).help(read.command, read.action), command: null };
    case 'version':
      return { outcome: (await others()).version(), command: null };
    case 'fault':
      return {
        outcome: failed({ kind: 'usage', fault: read.fault }),
        command: 'command' in read.fault ? read.fault.command : null,
      };
    default:
      return unreachable(read);
  }
}

/** What a failed command ends with: 255 for exec, as with runc, so that it is told from the command's own codes; else 1. */
function failureCode(command: string | null): number {
  return command === 'exec' ? 255 : 1;
}

function detailOf(failure: Failure): string {
  return failure.kind === 'refused-input' ? failure.detail : '';
}

/** Whoever reads a log is not helped by more. */
const mostWarnings = 20;

function warningMessage(warnings: readonly string[] = []): string {
  const more = warnings.length - mostWarnings;
  return joinWarnings(more > 0 ? [...warnings.slice(0, mostWarnings), moreWarnings(more)] : warnings);
}

/** The rest of an answer is messages. */
const OUTPUT_LIMIT = ANSWER_LIMIT - 1024 * 1024;

function tooLong(out: string): Extract<Answer, { readonly kind: 'report' }> {
  const bytes = Buffer.byteLength(out);
  const message = failureText({ kind: 'output-too-long', bytes, most: OUTPUT_LIMIT });
  return { kind: 'report', exitCode: 1, out: '', message, detail: '' };
}

/** The answer to a request. */
export async function answer(
  request: Request,
): Promise<Extract<Answer, { readonly kind: 'report' | 'program' | 'stored' | 'cold' }>> {
  const { outcome, command } = await outcomeOf(request);
  switch (outcome.kind) {
    case 'done':
      if (Buffer.byteLength(outcome.out) > OUTPUT_LIMIT) return tooLong(outcome.out);
      return {
        kind: 'report',
        exitCode: outcome.exitCode ?? 0,
        out: outcome.out,
        message: outcome.exitCode ? '' : warningMessage(outcome.warnings),
        detail: '',
      };
    case 'failure':
      return {
        kind: 'report',
        exitCode: outcome.exitCode ?? failureCode(command),
        out: outcome.out ?? '',
        message: failureText(outcome.failure),
        detail: detailOf(outcome.failure),
      };
    case 'launch': {
      const { entry, image, values, reusable = false, looks } = outcome;
      const message = warningMessage(outcome.warnings);
      const again = reusable && message === '';
      const program = { kind: 'program', entry, image, values, reusable: again, message } as const;
      return again && looks !== undefined ? { ...program, looks } : program;
    }
    case 'stored':
    case 'cold':
      return outcome;
    default:
      return unreachable(outcome);
  }
}

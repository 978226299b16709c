/**
 * What the service needs and nothing of the compiler (build/chos-runtime-serve.cjs): the thread that speaks to callers is loaded with it alone, which spares its memory
 * the rest; the thread that compiles has it beside the compiler.
 */
import { writeSync } from 'node:fs';
import { STATE_ROOT } from '../../spec/state-root.js';
import { readArguments } from '../cli/arguments.js';
import { ownRequest } from '../cli/own-request.js';
import { serve } from '../cli/serve.js';
import { exitNow } from '../host/exit-now.js';
import { failureText } from '../report/failure-text.js';

export { compilerThread } from './compiler-thread.js';

/** `chos-runtime serve ...`, and the end of the process. False: the arguments are something else, for which words are needed. */
export async function serveAlone(args: readonly string[]): Promise<boolean> {
  const read = readArguments(args);
  if (read.kind !== 'command' || read.line.command.name !== 'serve') return false;
  const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
  const request = ownRequest(args, { environment });
  const outcome = await serve({ request, line: read.line, root: STATE_ROOT });
  if (outcome.kind === 'failure') {
    writeSync(2, `chos-runtime: ${failureText(outcome.failure)}\n`);
    exitNow(1);
  }
  exitNow(0);
}

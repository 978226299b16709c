/** What is wrong with the program of a hook: behind the name of the hook, or of the property that names it. */
import type { ProgramFault } from '../admit/diagnostic.js';
import { errnoText } from './errno-text.js';
import { executeFault } from './operations/hooks.js';

export function programFaultText(fault: ProgramFault): string {
  if (fault.kind === 'not-executable')
    return `: ${executeFault(fault.program, errnoText(fault.code), fault.interpreter)}`;
  const { program, uid, mode } = fault;
  const owner = uid === 0 ? '' : `belongs to user ${uid}, `;
  return ` can be changed by others than root: ${program} ${owner}has mode ${mode.toString(8)}`;
}

import type { SystemdInstance } from '../../spec/systemd.js';
import { readProc } from '../host/facts.js';
import { probeSystemd } from '../host/systemd.js';
import { type Invocation, variable } from './invocation.js';

/** The systemd of the caller; for `explain`, that of root. */
export function systemdOf({ request, line }: Invocation): SystemdInstance {
  const euid = line.command.name === 'explain' ? 0 : (process.geteuid?.() ?? 0);
  return probeSystemd({ euid, read: readProc, variable: name => variable(request, name) });
}

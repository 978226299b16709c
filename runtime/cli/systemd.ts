import type { SystemdInstance } from '../../spec/systemd.js';
import { readFor } from '../host/caller.js';
import { probeSystemd } from '../host/systemd.js';
import { type Invocation, variable } from './invocation.js';

/** The systemd of the caller; for `explain`, that of root. */
export function systemdOf({ request, line }: Invocation): SystemdInstance {
  const euid = line.command.name === 'explain' ? 0 : request.caller.euid;
  return probeSystemd({ euid, read: readFor(request.caller), variable: name => variable(request, name) });
}

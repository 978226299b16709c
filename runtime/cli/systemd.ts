import type { SystemdInstance } from '../../spec/systemd.js';
import { machineOf } from '../host/facts.js';
import { Looks } from '../host/looks.js';
import { probeSystemd } from '../host/systemd.js';
import { type Invocation, variable } from './invocation.js';

/** The systemd of the caller; for `explain`, that of root. `looks` is told of what is read for it. */
export function systemdOf({ request, line }: Invocation, looks = new Looks()): SystemdInstance {
  const euid = line.command.name === 'explain' ? 0 : request.caller.euid;
  const { read } = machineOf(request.caller, looks);
  return probeSystemd({ euid, read, variable: name => variable(request, name) });
}

import { Prctl } from '../../../spec/kernel.js';
import type { NormalConfig } from '../../../spec/normal-config.js';
import type { NormalIdMapping } from '../../../spec/normal-mount.js';
import type { Action } from '../../program/action.js';
import { rule } from '../../program/action.js';
import { sys } from '../../program/step.js';
import { operation } from './operation.js';

/** Root, if there is one; else the user of the process, as whom whoever has only its own id is there already. */
function idIn(mappings: readonly NormalIdMapping[], user: number): number {
  return mappings.length === 0 || mappings.some(({ container }) => container === 0) ? 0 : user;
}

/**
 * In a user namespace: from now on what the process makes belongs to root of the container, and nothing of the host is its own. It had all capabilities there
 * and keeps them; its groups stay until it becomes the user.
 */
export function becomeMappedRoot({ linux, process }: NormalConfig): Action {
  const uid = idIn(linux.uidMappings, process.user.uid);
  const gid = idIn(linux.gidMappings, process.user.gid);
  return operation(
    { kind: 'become-mapped-root', ...(uid === 0 ? {} : { uid }), because: rule('user namespace') },
    [
      sys('setresgid', [gid, gid, gid]),
      sys('setresuid', [uid, uid, uid]),
      // Who becomes somebody else is what fs.suid_dumpable says (prctl(2)), and descriptors of the host are still open.
      sys('prctl', [Prctl.SET_DUMPABLE, 0, 0, 0, 0]),
    ],
  );
}

/**
 * In a user namespace the container may divide its own cgroup (config-linux.md, "Cgroup ownership"): with v2, where the runtime makes the cgroup namespace and the
 * cgroups can be written to. The limits stay the host's.
 */
import { hostIdOf } from '../../../spec/id-mappings.js';
import { MountAttr } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { ignoring } from '../../program/control.js';
import { slot, text } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { hasUsers, type Launch } from '../launch/launch.js';
import { openPlace } from './open-place.js';
import { type CgroupPlan, shownPath } from './plan.js';

/** Those of /sys/kernel/cgroup/delegate (CFTYPE_NS_DELEGATABLE), as far as there are any. */
const files = [
  'cgroup.procs',
  'cgroup.threads',
  'cgroup.subtree_control',
  'memory.oom.group',
  'memory.reclaim',
];

export function giveGroups(launch: Launch, plan: CgroupPlan): readonly Action[] {
  const { config, process, open, namespaces } = launch;
  const { uidMappings, gidMappings } = config.linux;
  const uid = hostIdOf(uidMappings, process.user.uid);
  const gid = hostIdOf(gidMappings, process.user.gid);
  const isWritable = config.mounts.some(m => m.kind === 'cgroup' && (m.own.set & MountAttr.RDONLY) === 0);
  const d = plan.directories.find(({ version }) => version === 2);
  if (!hasUsers(launch) || namespaces.get('cgroup') !== 'new' || !isWritable) return [];
  if (d === undefined || uid === null || gid === null) return [];
  const place = slot('given_cgroup');
  return [
    operation(
      { kind: 'give-cgroup', path: shownPath(d), uid, gid, because: launch.because('process', 'user') },
      [
        openPlace(open, d.memory, place),
        sys('fchownat', [place, text('.'), uid, gid, 0]),
        ...files.flatMap(file =>
          ignoring(['ENOENT'], none => [sys('fchownat', [place, text(file), uid, gid, 0], none)]),
        ),
        sys('close', [place]),
      ],
    ),
  ];
}

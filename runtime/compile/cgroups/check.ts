/** Before anything is made: the cgroups of this host are those that the program was compiled for, and the container's are nobody's. */
import { errnos } from '../../../spec/errno.js';
import { CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { buffer, slot, text } from '../../program/operand.js';
import { guard, load, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import type { CgroupDirectory, FrostSensor } from './driver.js';
import type { CgroupPlan } from './plan.js';
import { seeCgroup } from './take.js';

export function checkGroups(
  launch: Launch,
  plan: CgroupPlan,
  frost: FrostSensor,
  refuse: Refuse,
): readonly Action[] {
  if (plan.directories.some(d => !d.endsInId && isOurOwn(launch, d)))
    refuse(launch.because('linux', 'cgroupsPath'), {
      kind: 'not-its-own-cgroup',
    });
  return [guardLayout(launch, plan), ...seeCgroup(plan, frost)];
}

/** The root of the hierarchy, or the cgroup of the caller. */
function isOurOwn(launch: Launch, d: CgroupDirectory): boolean {
  const own = d.hierarchy.own.split('/').filter(part => part !== '');
  const given = launch.config.linux.cgroupsPath;
  return d.components.length === 0 || (!given?.startsWith('/') && d.components.length === own.length);
}

/** A program that was compiled on a host with other cgroups would make plain directories where it expects a hierarchy. */
export function guardLayout(launch: Launch, plan: CgroupPlan): Action {
  const stat = buffer('cgroup_statfs', 256);
  const kind = slot('cgroup_magic');
  const { layout } = launch.facts.cgroup;
  return operation(
    { kind: 'check-cgroup-layout', layout, because: rule('compiled for this host') },
    plan.directories.flatMap(d => [
      sys('statfs', [text(d.hierarchy.mount), stat]),
      load(kind, 'U64', stat),
      guard(kind, 'EQ', d.version === 1 ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC, errnos.EXDEV.number),
    ]),
  );
}

/**
 * systemd makes the directories: init becomes a scope, a unit of which systemd knows the processes and the limits, with the cgroup below delegated (systemd.scope(5),
 * systemd.io/CGROUP_DELEGATION). As with runc init is in the scope's own cgroup, not in one below it as with crun. What can be done by the directories is done there.
 */
import type { CgroupFacts, CgroupHierarchy } from '../../../../spec/host-facts.js';
import type { UnitProperty } from '../../../../spec/systemd.js';
import type { Action } from '../../../program/action.js';
import { when } from '../../../program/control.js';
import { type Slot, slot } from '../../../program/operand.js';
import { call, type Line, move, subroutine, sys } from '../../../program/step.js';
import { operation } from '../../idioms/operation.js';
import { type Launch, rule } from '../../launch/launch.js';
import { guardLayout } from '../check.js';
import { hasCpuset, seedCpuset } from '../cpuset.js';
import { directoryGroups } from '../directory-groups.js';
import { askedAtCreate, type CgroupDriver, type Groups, type KillAll } from '../driver.js';
import { birthAnywhere, enterDirectories } from '../enter.js';
import { joinGroups } from '../join.js';
import { limitGroups } from '../limit-groups.js';
import { makeDirectory } from '../make.js';
import { planAt, shownPath } from '../plan.js';
import { removeGroups, removeUntaken } from '../remove.js';
import { insistThawed, recordTaken, seeCgroup } from '../take.js';
import { updateGroups } from '../update-groups.js';
import { withoutGroups } from '../without-groups.js';
import { endScope, type ScopeEnd } from './end-scope.js';
import { createManager, type Manager } from './manager.js';
import { createSpeech } from './outcome.js';
import { knownUnit, planScope, type ScopePlan } from './plan.js';
import { limitProperties, versionOf } from './properties.js';
import { createRecord, type ScopeRecord } from './record-scope.js';
import { checkScope, reachSystemd, type ScopeCells } from './scope.js';
import { startScope, type Wanted } from './start-scope.js';
import { nameUnit, shownUnit, type UnitName } from './unit.js';
import { setProperties, updateScope } from './update-scope.js';
import { createOwnership, type Ownership, Whose } from './whose.js';

const NAME = 'systemd';

/** Of a launch that is refused: nothing is made of it. */
const nobody: UnitName = {
  before: 'none.scope',
  hasId: false,
  after: '',
  slice: 'system.slice',
  sliceDirectories: [],
};

interface Scope {
  readonly manager: Manager;
  readonly ownership: Ownership;
  readonly record: ScopeRecord;
  readonly plan: ScopePlan;
  readonly groups: Groups;
}

/** Whoever is in the cgroup of somebody else's unit is not killed. */
const sparing = ({ see, whose }: ScopeEnd, { kill, left }: KillAll): KillAll => ({
  left,
  kill: subroutine('kill_scope', [
    call(see),
    move(left, 0),
    ...when(whose, 'NE', Whose.OTHERS, [call(kill)]),
  ]),
});

/** `stateDir`: the opened ROOT/ID. */
function scopeOf(launch: Launch, plan: ScopePlan, stateDir: Slot): Scope {
  const manager = createManager(launch);
  const groups = directoryGroups(launch, NAME, plan);
  const ownership = createOwnership(launch, manager, plan, stateDir);
  const record = createRecord(plan, stateDir);
  const end = endScope(manager, plan, ownership, record);
  const killAll = groups.killAll === null ? null : sparing(end, groups.killAll);
  const unlessOthers = (lines: readonly Line[]): readonly Line[] => [
    call(end.see),
    ...when(end.whose, 'NE', Whose.OTHERS, lines),
  ];
  return {
    manager,
    ownership,
    record,
    plan,
    groups: {
      ...groups,
      killAll,
      record: { ...groups.record, unit: plan.unitTemplate },
      remove: () => unlessOthers(removeGroups(launch, plan, killAll, [call(end.stop)])),
      removeUntaken: () => unlessOthers([call(end.stop), ...removeUntaken(plan)]),
    },
  };
}

/** What systemd was asked to make; all that is in it, once it is seen to be ours. */
function prepareScopeRemoval(groups: Groups, { asked, taken }: Omit<ScopeCells, 'pid'>): Action {
  return operation({ kind: 'prepare-cgroup-removal', because: rule('intent before effect') }, [], {
    undo: when(asked, 'NE', 0, when(taken, 'NE', 0, groups.remove(), groups.removeUntaken())),
  });
}

/** That of a container that has its scope: its name is that of the directory. */
function planOf(directories: readonly string[], facts: CgroupFacts): ScopePlan | null {
  const unit = /([^/]+\.scope)$/.exec(directories[0] ?? '')?.[1];
  return unit === undefined ? null : { ...planAt(directories, facts), ...knownUnit(unit) };
}

/** v1: systemd makes those of some controllers only. */
function makeOthers(launch: Launch, plan: ScopePlan): readonly Action[] {
  const path = slot('cgroup');
  const make = makeDirectory(launch, path);
  const isSystemds = ({ controllers }: CgroupHierarchy): boolean => controllers.includes('name=systemd');
  return plan.directories
    .filter(({ version, hierarchy }) => version === 1 && !isSystemds(hierarchy))
    .map(d =>
      operation({ kind: 'make-cgroup', path: shownPath(d), because: rule('systemd makes some of them') }, [
        move(path, d.memory),
        call(make),
        ...(hasCpuset(d) ? seedCpuset(launch, d) : []),
      ]),
    );
}

function adopt(launch: Launch, scope: Scope, wanted: Wanted, cells: ScopeCells): readonly Action[] {
  const { manager, ownership, record, plan, groups } = scope;
  const [decider] = plan.directories;
  return [
    startScope(launch, manager, plan, wanted, ownership, cells),
    ...checkScope(launch, plan, cells),
    ...record.write,
    ...(decider === undefined ? [] : [recordTaken(launch, decider)]),
    ...makeOthers(launch, plan),
    ...insistThawed(plan, groups.frost, true),
  ];
}

/** Those that systemd knows, to a scope that is there: what an annotation has set stays. */
function tellLimits(
  launch: Launch,
  { manager, plan }: Scope,
  name: UnitName,
  limits: readonly UnitProperty[],
): readonly Action[] {
  const given = new Set(launch.config.unitProperties.map(property => property.name));
  const told = limits.filter(property => !given.has(property.name));
  if (told.length === 0) return [];
  const { interrupts } = manager.connection;
  const because = launch.because('linux', 'resources');
  return [
    reachSystemd(launch, manager),
    operation(
      {
        kind: 'set-properties',
        unit: shownUnit(name),
        properties: told.map(property => property.name),
        because,
      },
      [...setProperties(manager, plan, told, createSpeech(because)), move(interrupts, -1)],
    ),
  ];
}

/** Nobody is killed in a cgroup that the launch does not have. */
const onceTaken = (taken: Slot, killAll: KillAll | null): KillAll | null =>
  killAll && {
    left: killAll.left,
    kill: subroutine('kill_taken', [move(killAll.left, 0), ...when(taken, 'NE', 0, [call(killAll.kill)])]),
  };

export const systemd: CgroupDriver = {
  create: (launch, refuse) => {
    const { facts, config, cells, options } = launch;
    const named = nameUnit(config.linux.cgroupsPath, options.systemd.scope);
    if (named.kind === 'fault')
      refuse(launch.because('linux', 'cgroupsPath'), { kind: 'unit-name', fault: named.fault });
    const name = named.kind === 'unit' ? named.unit : nobody;
    const plan = planScope(facts.cgroup, options.systemd, name, cells.id);
    if (plan.directories.length === 0) return withoutGroups(launch, NAME, refuse);
    const scope = scopeOf(launch, plan, cells.stateFd);
    const { groups, manager } = scope;
    const asked = slot('scope_asked');
    const taken = slot('scope_taken');
    const closed: readonly Line[] = [sys('close', [manager.connection.fd])];
    const limits = limitProperties(config.linux.resources, versionOf(plan));
    const limit = limitGroups(launch, plan, askedAtCreate(launch), refuse);
    const adopted = (pid: Slot, atOnce: readonly UnitProperty[]): readonly Action[] =>
      adopt(launch, scope, { name, limits: atOnce }, { pid, asked, taken });
    return {
      ...groups,
      killAll: onceTaken(taken, groups.killAll),
      check: [guardLayout(launch, plan), ...seeCgroup(plan, groups.frost), reachSystemd(launch, manager)],
      make: [prepareScopeRemoval(groups, { asked, taken })],
      limit: [],
      birth: birthAnywhere,
      letGo: closed,
      adopt: pid => [...adopted(pid, limits), ...limit],
      adoptMaker: pid => ({
        adopt: adopted(pid, []),
        // Behind systemd, which writes only what it has a word for.
        limit: [...tellLimits(launch, scope, name, limits), ...limit],
      }),
      // In that of v2 it is already.
      enter: enterDirectories(launch, plan),
    };
  },
  find: (launch, { id, dir }, directories) => {
    const { facts, config, options } = launch;
    if (directories !== undefined) {
      const plan = planOf(directories, facts.cgroup);
      return plan === null
        ? directoryGroups(launch, NAME, planAt(directories, facts.cgroup))
        : scopeOf(launch, plan, dir).groups;
    }
    const named = nameUnit(config.linux.cgroupsPath, options.systemd.scope);
    const name = named.kind === 'unit' ? named.unit : nobody;
    const plan = planScope(facts.cgroup, options.systemd, name, id);
    return scopeOf(launch, plan, dir).groups;
  },
  join: joinGroups,
  update: (launch, { directories, asked }, refuse) => {
    const { cgroup } = launch.facts;
    const plan = planOf(directories, cgroup);
    const changed = updateGroups(launch, planAt(directories, cgroup), asked, refuse);
    return plan === null ? changed : updateScope(launch, plan, asked.resources, changed);
  },
};

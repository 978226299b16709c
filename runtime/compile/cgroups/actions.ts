/**
 * Making the container's cgroups, limiting them, putting init into them (host and init track).
 */

import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC } from '../../../spec/kernel.js';
import type { NormalDeviceRule, NormalResources } from '../../../spec/normal-resources.js';
import { type Action, action } from '../../program/action.js';
import { buffer, characters, type Data, label, ref, slot, text } from '../../program/operand.js';
import {
  branch,
  call,
  guard,
  jump,
  type Line,
  load,
  move,
  resolve,
  subroutine,
  sys,
} from '../../program/step.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import { attachDeviceFilter } from './device-program.js';
import { isUnlimited, type Limit, type Limits, limitsV1, limitsV2 } from './limits.js';
import { type CgroupDirectory, type CgroupPlan, cgroupOfProcesses, directoryOf, shownPath } from './plan.js';
import { insistThawed, seeCgroup, takeCgroup } from './take.js';

function textBytes(value: string): Data {
  return characters(JSON.stringify(value), value);
}

/** The file and value that the kernel has, of two. */
function writeEither(launch: Launch, directory: Data, limit: Limit): readonly Line[] {
  const { rather } = limit;
  if (rather === undefined) return writeFile(launch, directory, limit.file, limit.value);
  const { open } = launch;
  const dir = slot('cgroup_fd');
  const fd = slot('limit_fd');
  const missing = label('other_limit');
  const done = label('limit_set');
  const value = textBytes(rather.value);
  return [
    sys('openat', [AT_FDCWD, directory, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: dir }),
    sys('openat', [dir, text(rather.file), open.WRONLY | open.CLOEXEC, 0], {
      to: fd,
      on: [['ENOENT'], missing],
    }),
    sys('write', [fd, value, value.size]),
    sys('close', [fd]),
    sys('close', [dir]),
    jump(done),
    missing,
    sys('close', [dir]),
    ...writeFile(launch, directory, limit.file, limit.value),
    done,
  ];
}

/** Write a value into a file of an opened cgroup directory. */
function writeFile(launch: Launch, directory: Data, file: string, value: string): readonly Line[] {
  const { open } = launch;
  const dir = slot('cgroup_fd');
  const fd = slot('limit_fd');
  const value8 = textBytes(value);
  return [
    sys('openat', [AT_FDCWD, directory, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: dir }),
    sys('openat', [dir, text(file), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, value8, value8.size]),
    sys('close', [fd]),
    sys('close', [dir]),
  ];
}

/**
 * A v1 cpuset without cpus and mems takes no process (ENOSPC), and a new one has none: each directory that is made on the way inherits
 * its parent's, as runc does.
 */
function seedCpuset(launch: Launch, d: CgroupDirectory): readonly Line[] {
  const { open } = launch;
  const lines: Line[] = [];
  const here = slot('cpuset_dir');
  const above = slot('cpuset_parent');
  const fd = slot('cpuset_fd');
  const size = slot('cpuset_size');
  // A list of 8,192 CPUs in its longest form (CONFIG_NR_CPUS; every other one).
  const value = buffer('cpuset_value', 65536);
  const levels = d.endsInId ? d.components.length + 1 : d.components.length;
  lines.push(
    sys('openat', [AT_FDCWD, text(d.hierarchy.mount), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
      to: above,
    }),
  );
  for (let i = 1; i <= levels; i++) {
    const path =
      i > d.components.length ? d.memory : text([d.hierarchy.mount, ...d.components.slice(0, i)].join('/'));
    lines.push(sys('openat', [AT_FDCWD, path, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: here }));
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const next = label('cpuset_seeded');
      lines.push(
        sys('openat', [here, text(file), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
        sys('read', [fd, value, 65536], { to: size }),
        sys('close', [fd]),
        branch(size, 'GT', 1, next),
        sys('openat', [above, text(file), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
        sys('read', [fd, value, 65536], { to: size }),
        sys('close', [fd]),
        sys('openat', [here, text(file), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
        sys('write', [fd, value, size]),
        sys('close', [fd]),
        next,
      );
    }
    lines.push(sys('dup3', [here, above, open.CLOEXEC]), sys('close', [here]));
  }
  lines.push(sys('close', [above]));
  return lines;
}

/** v2: a controller works in a cgroup only if each ancestor passes it on. */
function enableControllers(
  launch: Launch,
  d: CgroupDirectory,
  controllers: readonly string[],
): readonly Line[] {
  const lines: Line[] = [];
  const above = d.endsInId ? d.components : d.components.slice(0, -1);
  for (let i = 0; i <= above.length; i++) {
    const path = [d.hierarchy.mount, ...above.slice(0, i)].join('/');
    lines.push(
      ...writeFile(launch, text(path), 'cgroup.subtree_control', controllers.map(c => `+${c}`).join(' ')),
    );
  }
  return lines;
}

const hasCpuset = (d: CgroupDirectory): boolean =>
  d.version === 1 && d.hierarchy.controllers.includes('cpuset');

/** That by which processes are found comes first: who has it, has them all. */
function make(launch: Launch, plan: CgroupPlan): readonly Action[] {
  const { open } = launch;
  const path = slot('cgroup');
  const made = label('cgroup_made');
  const deep = label('cgroup_parents');
  const root = slot('cgroup_root');
  const fd = slot('cgroup_fd');
  const makeOne = subroutine('make_cgroup', [
    sys('mkdirat', [AT_FDCWD, ref(path), 0o755], { to: fd, on: [['ENOENT', 'EEXIST'], deep] }),
    jump(made),
    deep,
    branch(fd, 'EQ', -errnos.EEXIST.number, made),
    sys('openat', [AT_FDCWD, text('/'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: root }),
    resolve({ root, path: ref(path), make: 'directories' }, { to: fd }),
    sys('close', [fd]),
    sys('close', [root]),
    made,
  ]);
  const because =
    launch.normal.linux.cgroupsPath !== null ? launch.because('linux', 'cgroupsPath') : rule('cgroup');
  const decider = cgroupOfProcesses(plan);
  return [...(decider ? [decider] : []), ...plan.directories.filter(d => d !== decider)]
    .flatMap(d => [
      ...(d === decider ? takeCgroup(launch, d, [move(path, d.memory), call(makeOne)]) : []),
      ...(d === decider && !hasCpuset(d)
        ? []
        : [
            action({ title: `make cgroup ${shownPath(d)}`, because }, [
              move(path, d.memory),
              call(makeOne),
              ...(hasCpuset(d) ? seedCpuset(launch, d) : []),
            ]),
          ]),
    ])
    .concat(insistThawed(launch, 'see that nothing above is frozen'));
}

function deviceRule({ type, major, minor, access }: NormalDeviceRule): string {
  const number = (n: number): string => (n < 0 ? '*' : String(n));
  return `${type} ${number(major)}:${number(minor)} ${access}`;
}

const mayUse = (
  type: 'b' | 'c',
  major: number,
  minor: number,
  access: NormalDeviceRule['access'],
): NormalDeviceRule => ({ allow: true, type, major, minor, access });

/** What every container may use, whatever config.json says (config-linux.md, "Default Devices"; the list of runc). */
const alwaysAllowed: readonly NormalDeviceRule[] = [
  mayUse('c', -1, -1, 'm'),
  mayUse('b', -1, -1, 'm'),
  mayUse('c', 1, 3, 'rwm'),
  mayUse('c', 1, 5, 'rwm'),
  mayUse('c', 1, 7, 'rwm'),
  mayUse('c', 1, 8, 'rwm'),
  mayUse('c', 1, 9, 'rwm'),
  mayUse('c', 5, 0, 'rwm'),
  mayUse('c', 5, 2, 'rwm'),
  mayUse('c', 136, -1, 'rwm'),
];

function devices(launch: Launch, plan: CgroupPlan): readonly Action[] {
  const given = launch.normal.linux.resources.devices;
  if (given.length === 0) return [];
  const rules = [...given, ...alwaysAllowed];
  const because = launch.because('linux', 'resources', 'devices');
  const v1 = plan.directories.find(d => d.version === 1 && d.hierarchy.controllers.includes('devices'));
  if (v1) {
    const { open } = launch;
    const dir = slot('devices_dir');
    const allow = slot('devices_allow');
    const deny = slot('devices_deny');
    return [
      action({ title: `allow devices (${rules.length} rules)`, because }, [
        sys('openat', [AT_FDCWD, v1.memory, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: dir }),
        sys('openat', [dir, text('devices.allow'), open.WRONLY | open.CLOEXEC, 0], { to: allow }),
        sys('openat', [dir, text('devices.deny'), open.WRONLY | open.CLOEXEC, 0], { to: deny }),
        ...rules.map(r => {
          const value = textBytes(deviceRule(r));
          return sys('write', [r.allow ? allow : deny, value, value.size]);
        }),
        sys('close', [allow]),
        sys('close', [deny]),
        sys('close', [dir]),
      ]),
    ];
  }
  const v2 = plan.directories.find(d => d.version === 2);
  return v2
    ? [
        action(
          { title: `allow devices (${rules.length} rules, BPF)`, because },
          attachDeviceFilter(launch, v2, rules),
        ),
      ]
    : [];
}

function describeLimits(l: Limit): string {
  return `set ${l.file} to ${l.value}${l.rather ? `, or ${l.rather.file} to ${l.rather.value}` : ''}`;
}

/** v1 and hybrid: a controller that only the v2 hierarchy has takes v2 files. */
function limitsOfBoth(plan: CgroupPlan, resources: NormalResources): Limits {
  const [one, two] = [limitsV1(resources), limitsV2(resources)];
  const isUnified = (l: Limit): boolean => directoryOf(plan, l.controller)?.version === 2;
  const moved = new Set(one.limits.filter(isUnified).map(l => l.property.join('.')));
  return {
    limits: [
      ...one.limits.filter(l => !isUnified(l)),
      ...two.limits.filter(l => isUnified(l) && l.property[0] !== 'unified'),
    ],
    problems: [...one.problems, ...two.problems.filter(p => moved.has(p.property.join('.')))],
  };
}

export interface CgroupActions {
  /** Host track, before anything is made. */
  readonly check: readonly Action[];
  /** Host track, before clone. */
  readonly make: readonly Action[];
  /** Init track, first thing. */
  readonly enter: readonly Action[];
}

export function cgroupActions(launch: Launch, plan: CgroupPlan, refuse: Refuse): CgroupActions {
  const { resources } = launch.normal.linux;
  if (plan.directories.length === 0) {
    const [one, two] = [limitsV1(resources), limitsV2(resources)];
    const asked = new Set(
      [...one.limits, ...two.limits].filter(l => !isUnlimited(l)).map(({ property }) => String(property[0])),
    );
    for (const key of asked)
      refuse(launch.because('linux', 'resources', key), { kind: 'no-cgroups', property: key });
    return { check: [], make: [], enter: [] };
  }
  if (plan.directories.some(d => !d.endsInId && isOurOwn(launch, d)))
    refuse(launch.because('linux', 'cgroupsPath'), {
      kind: 'not-supported',
      what: "a cgroupsPath that is not below the root or the caller's own cgroup",
    });
  const onlyV2 = plan.directories.every(d => d.version === 2);
  const found = onlyV2 ? limitsV2(resources) : limitsOfBoth(plan, resources);
  for (const p of found.problems)
    refuse(launch.because('linux', 'resources', ...p.property), {
      kind: p.why,
      property: p.property.join('.'),
    });

  const made: Action[] = [...make(launch, plan)];

  const needed = new Map<CgroupDirectory, Set<string>>();
  const writes: Action[] = [];
  for (const l of found.limits) {
    let d = directoryOf(plan, l.controller);
    if (l.property[0] === 'unified' && d === undefined) d = plan.directories.find(x => x.version === 2);
    const because = launch.because('linux', 'resources', ...l.property);
    if (
      d === undefined ||
      (d.version === 2 && l.controller !== 'cgroup' && !d.hierarchy.controllers.includes(l.controller))
    ) {
      if (isUnlimited(l) && l.property[0] !== 'unified') continue;
      refuse(because, {
        kind: 'no-controller',
        controller: l.controller,
        layout: launch.facts.cgroup.layout,
      });
      continue;
    }
    if (d.version === 2 && l.controller !== 'cgroup') {
      const set = needed.get(d) ?? new Set();
      set.add(l.controller);
      needed.set(d, set);
    }
    writes.push(action({ title: describeLimits(l), because }, writeEither(launch, d.memory, l)));
  }
  for (const [d, controllers] of needed)
    made.push(
      action(
        {
          title: `enable ${[...controllers].join()} for ${shownPath(d)}`,
          because: rule('cgroup v2 controllers'),
        },
        enableControllers(launch, d, [...controllers]),
      ),
    );
  made.push(...writes, ...devices(launch, plan));
  return {
    check: [guardLayout(launch, plan), ...seeCgroup(launch, plan)],
    make: made,
    enter: enter(launch, plan),
  };
}

/** A program that was compiled on a host with other cgroups would make plain directories where it expects a hierarchy. */
function guardLayout(launch: Launch, plan: CgroupPlan): Action {
  const stat = buffer('cgroup_statfs', 256);
  const kind = slot('cgroup_magic');
  const { layout } = launch.facts.cgroup;
  return action(
    {
      title: `find the cgroups as they were compiled for (${layout})`,
      because: rule('compiled for this host'),
      words: [
        `the cgroups of this host are not those that this was compiled for (${layout}): compile it again here`,
      ],
    },
    plan.directories.flatMap(d => [
      sys('statfs', [text(d.hierarchy.mount), stat]),
      load(kind, 'U64', stat),
      guard(kind, 'EQ', d.version === 1 ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC, errnos.EXDEV.number),
    ]),
  );
}

/** The root of the hierarchy, or the cgroup of the caller. */
function isOurOwn(launch: Launch, d: CgroupDirectory): boolean {
  const own = d.hierarchy.own.split('/').filter(part => part !== '');
  const given = launch.normal.linux.cgroupsPath;
  return d.components.length === 0 || (!given?.startsWith('/') && d.components.length === own.length);
}

/** v1: the process itself writes 0 to `tasks`; another's pid in cgroup.procs waits for a grace period of the kernel, about 10 ms. */
function enter(launch: Launch, plan: CgroupPlan): readonly Action[] {
  const { open } = launch;
  const path = slot('cgroup_entered');
  const dir = slot('cgroup_enter');
  const fd = slot('tasks_fd');
  const zero = textBytes('0');
  const enterOne = subroutine('enter_cgroup', [
    sys('openat', [AT_FDCWD, ref(path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: dir }),
    sys('openat', [dir, text('tasks'), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, zero, 1]),
    sys('close', [fd]),
    sys('close', [dir]),
  ]);
  return plan.directories
    .filter(d => d.version === 1)
    .map(d =>
      action({ title: `enter cgroup ${shownPath(d)}`, because: rule('cgroup') }, [
        move(path, d.memory),
        call(enterOne),
      ]),
    );
}

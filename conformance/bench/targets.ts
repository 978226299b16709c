/** The target table of the issue, as checks on the results. */
import { type Figure, find, type Result } from './figures.js';
import type { LinkCost } from './machine.js';
import { bare } from './pinned.js';

export interface Verdict {
  readonly what: string;
  readonly target: string;
  /** undefined: a figure it needs was not measured. */
  readonly measured: string | undefined;
  readonly met: boolean | undefined;
  /** Of a scenario that is run by name alone. */
  readonly apart: boolean;
}

type Measure = (results: readonly Result[]) => number | undefined;
interface Target {
  readonly what: string;
  readonly limit: number;
  readonly unit: '' | 'ms' | 'KiB';
  readonly against: string;
  readonly apart?: true;
  readonly measure: Measure;
}

interface LinkTarget {
  readonly what: string;
  readonly key: keyof LinkCost;
  readonly limit: number;
}

/** A place in the results: scenario, contender, label. */
type Place = readonly [id: string, name: string, label: string];
const combine =
  (a: Place, b: Place, by: (a: Figure, b: Figure) => number): Measure =>
  results => {
    const first = find(results, ...a);
    const second = find(results, ...b);
    return first && second && by(first, second);
  };
const ratio = (a: Place, b: Place): Measure => combine(a, b, (one, other) => one.median / other.median);
const difference = (a: Place, b: Place): Measure => combine(a, b, (one, other) => one.median - other.median);
const at = (id: string, name: string, label = 'run'): Place => [id, name, label];

const against = (id: string, what: string, rival: string, limit: number): Target => ({
  what,
  limit,
  unit: '',
  against: `x ${rival}`,
  measure: ratio(at(id, 'compiled'), at(id, rival)),
});

const command = (name: string): readonly Target[] => [
  {
    what: `${name} of a container`,
    limit: 0.5,
    unit: '',
    against: 'x crun',
    measure: ratio(at('commands', 'cold', name), at('commands', 'crun', name)),
  },
  {
    what: `${name}: peak memory (a Node process has 40,000 KiB)`,
    limit: 4096,
    unit: 'KiB',
    against: '',
    measure: results => find(results, 'commands', 'cold', name)?.memory,
  },
];

/** crun of the distribution, and the newest. */
const cruns = ['crun', 'crun, sid'];

/** With both JavaScript engines. */
const engines = (
  id: string,
  what: string,
  label: string,
  limit: number,
  names: readonly string[],
): readonly Target[] =>
  names.flatMap(ours =>
    cruns.map(rival => ({
      what: `${what}${ours.endsWith(', Bun') ? ', Bun' : ''}`,
      limit,
      unit: '' as const,
      against: `x ${rival}`,
      measure: ratio(at(id, ours, label), at(id, rival, label)),
    })),
  );

const coldTargets = (id: string, what: string, label: string, limit: number): readonly Target[] =>
  engines(id, what, label, limit, ['cold', 'cold, Bun']);

const warmTargets = (id: string, what: string, label: string, limit: number): readonly Target[] =>
  engines(id, what, label, limit, ['warm', 'warm, Bun']);

/** What no cold start can be faster than: the JavaScript engine with nothing to do. */
const alone = (name: string, what: string): readonly Target[] =>
  engines('cold-create', what, 'create', 2, [name]).map(target => ({ ...target, what }));

const SERVICE = 'service-10000';
/** No more than 80 MiB, and than it was after the first thousand. */
const serviceTargets = (['warm', 'warm, Bun'] as const).flatMap((ours): readonly Target[] => {
  const what = `the service${ours === 'warm' ? '' : ', Bun'}: resident after 10000 starts`;
  const [first, later] = [1000, 10000].map(count => at(SERVICE, ours, `after ${count}: resident`)) as [
    Place,
    Place,
  ];
  return [
    {
      what,
      limit: 80 * 1024,
      unit: 'KiB',
      against: '',
      apart: true,
      measure: results => find(results, ...later)?.median,
    },
    { what, limit: 1, unit: '', against: 'x after 1000', apart: true, measure: ratio(later, first) },
  ];
});

const none = 'no mount namespace';
const own = 'own mount namespace';

const link = (what: string, key: keyof LinkCost, limit: number): LinkTarget => ({ what, key, limit });

/** What the kernel module may cost: ratios, measured in a virtual machine. */
const linkTargets: readonly LinkTarget[] = [
  link('readlink of /proc/chos/link', 'readlink', 1.3),
  link('open through /proc/chos/link', 'open', 1.3),
  link('fork and exit, module loaded, no link set', 'fork-unused', 1.02),
  link('fork and exit, link set', 'fork-link-set', 1.05),
];

const targets: readonly Target[] = [
  against('run', 'compiled run, no cgroups', 'crun', 0.5),
  against('run-seccomp', "compiled run, no cgroups, Podman's seccomp", 'crun', 0.55),
  against('run', 'compiled run, no cgroups', 'floor', 1.1),
  against('run-seccomp', "compiled run, no cgroups, Podman's seccomp", 'floor', 1.1),
  against('run-cgroups', 'compiled run, v1 cgroups, back to back', 'crun', 0.5),
  against('run-cgroups-spaced', 'compiled run, v1 cgroups, every 250 ms', 'crun', 0.35),
  ...['start', 'kill', 'delete', 'state'].flatMap(command),
  {
    what: 'pinned, no mount namespace, 1000 shares',
    limit: 1.1,
    unit: '',
    against: 'x with none',
    measure: ratio(at('pinned-1000', none), at('pinned-1000', bare(none))),
  },
  {
    what: 'pinned, own mount namespace, 1000 shares',
    limit: 3,
    unit: 'ms',
    against: 'more than with none',
    measure: difference(at('pinned-1000', own), at('pinned-1000', bare(own))),
  },
  {
    what: 'pinned, own mount namespace, 1000 shares elided',
    limit: 10,
    unit: 'ms',
    against: 'more than with none',
    measure: difference(at('pinned-1000', 'own, shares elided'), at('pinned-1000', bare(own))),
  },
  {
    what: 'pinned, no mount namespace, 5000 more host mounts',
    limit: 1.2,
    unit: '',
    against: 'x with none',
    measure: ratio(at('pinned-mounts-5000', none), at('pinned-0', none)),
  },
  {
    what: 'pinned, own mount namespace, 5000 more host mounts',
    limit: 1.2,
    unit: '',
    against: 'x with none',
    measure: ratio(at('pinned-mounts-5000', own), at('pinned-0', own)),
  },
  {
    what: 'chos NAME true, as a user, the same view',
    limit: 1,
    unit: '',
    against: 'x bwrap',
    measure: ratio(at('chos', 'chos'), at('chos', 'bwrap')),
  },
  {
    what: 'chos NAME true, as a user',
    limit: 0.5,
    unit: '',
    against: 'x apptainer exec',
    measure: ratio(at('chos', 'chos'), at('chos', 'apptainer')),
  },
  {
    what: "chos NAME true, by the kernel's link (in a machine)",
    limit: 1.5,
    unit: '',
    against: 'x chroot(1)',
    measure: ratio(at('environments-1000', 'chos'), at('environments-1000', 'chroot')),
  },
  ...(['none', 'all'] as const).map(
    (which): Target => ({
      what: `who, 10,000 processes, ${which} in a tree`,
      limit: 100,
      unit: 'ms',
      against: '',
      measure: results => find(results, `who-${which}`, 'cold', 'run')?.median,
    }),
  ),
  against('run', 'compiled run, no cgroups', 'crun, sid', 0.4),
  against('run-cgroups', 'compiled run, v1 cgroups, back to back', 'crun, sid', 0.4),
  against('run-cgroups-spaced', 'compiled run, v1 cgroups, every 250 ms', 'crun, sid', 0.4),
  ...coldTargets('cold-create', 'cold create', 'create', 2),
  ...alone('node', '... of which Node with nothing to do'),
  ...alone('empty, Bun', '... of which an empty program of Bun'),
  ...coldTargets('cycle-cgroups', 'cold create + start + delete', 'total', 1.3),
  ...coldTargets('cold-exec', 'cold exec of true, the first in its container', 'exec', 2),
  ...coldTargets('cold-create-podman', 'cold create, a bundle of Podman', 'create', 2),
  ...coldTargets('cycle-podman', 'cold create + start + delete, a bundle of Podman', 'total', 1.3),
  ...coldTargets('cold-exec-podman', 'cold exec of true, the first in its container of Podman', 'exec', 2),
  ...coldTargets('create-again', 'create, the same again', 'create', 0.7),
  ...coldTargets('create-again-mounts', 'create, the same again, 1000 more host mounts', 'create', 0.7),
  ...coldTargets('create-again-podman', 'create, a bundle of Podman again', 'create', 0.7),
  ...coldTargets('cycle-again', 'create + start + delete, again', 'total', 0.5),
  ...coldTargets('cycle-again-podman', 'create + start + delete, a bundle of Podman again', 'total', 0.5),
  ...coldTargets('podman-run-again', 'podman run --rm, again', 'run', 0.97).filter(
    ({ against }) => against === 'x crun',
  ),
  ...coldTargets('podman-run', 'podman run --rm', 'run', 1.05).filter(({ against }) => against === 'x crun'),
  ...warmTargets('warm-create', 'warm create, the same again', 'create', 0.7),
  ...warmTargets('warm-create-new', 'warm create, a bundle never seen', 'create', 0.7),
  ...warmTargets('warm-create-podman', 'warm create, a bundle of Podman never seen', 'create', 0.7),
  ...warmTargets('cycle-podman-warm', 'create + start + delete, warm, a bundle of Podman', 'total', 0.5),
  ...warmTargets('cycle-warm', 'create + start + delete, warm', 'total', 0.5),
  ...warmTargets('warm-exec', 'warm exec of true, the first in its container', 'exec', 0.6),
  ...warmTargets('warm-exec-podman', 'warm exec of true, the first in its container of Podman', 'exec', 0.6),
  ...coldTargets('exec-again', 'exec of true, again', 'exec', 0.6),
  ...coldTargets('exec-again-new', 'exec of true, again with other arguments', 'exec', 0.6),
  ...coldTargets('exec-again-podman', 'exec of true in a container of Podman, again', 'exec', 0.6),
  ...coldTargets(
    'exec-again-podman-new',
    'exec of true in a container of Podman, again with other arguments',
    'exec',
    0.6,
  ),
  ...warmTargets('warm-32', '32 at once, warm: the slowest', 'the slowest', 0.8),
  ...warmTargets('podman-run-warm', 'podman run --rm, warm', 'run', 0.97).filter(
    ({ against }) => against === 'x crun',
  ),
  ...serviceTargets,
  {
    what: 'tree import of an image',
    limit: 1,
    unit: '',
    against: 'x podman load, export | tar x',
    measure: ratio(at('import', 'cold', 'import'), at('import', 'podman', 'import')),
  },
  {
    what: 'tree digest',
    limit: 1,
    unit: '',
    against: 'x sha256sum on all cores',
    measure: ratio(at('digest', 'cold', 'digest'), at('digest', 'sha256sum', 'digest')),
  },
  {
    what: 'cold create',
    limit: 20,
    unit: 'ms',
    against: 'more than node -e 0',
    measure: difference(at('cold-create', 'cold', 'create'), at('cold-create', 'node', 'create')),
  },
  {
    what: 'init of a created container, resident',
    limit: 100,
    unit: 'KiB',
    against: '',
    measure: results => find(results, 'commands', 'cold', 'init')?.median,
  },
];

const show = (value: number, unit: Target['unit']): string => {
  if (unit === '') return value.toFixed(2);
  return unit === 'ms' ? `${value.toFixed(2)} ms` : `${Math.round(value)} KiB`;
};

export const judgeLink = (cost: LinkCost | undefined): readonly Verdict[] =>
  linkTargets.map(({ what, key, limit }) => ({
    what,
    target: `<= ${limit} x ${key.startsWith('fork') ? 'without' : 'a plain symlink of procfs'}`,
    apart: false,
    measured: cost?.[key].toFixed(3),
    met: cost && cost[key] <= limit,
  }));

export const judge = (results: readonly Result[]): readonly Verdict[] =>
  targets.map(({ what, limit, unit, against, measure, apart = false }) => {
    const value = measure(results);
    const bound = unit === '' ? `${limit}` : `${limit} ${unit}`;
    return {
      what,
      target: `<= ${bound} ${against}`.trim(),
      apart,
      measured: value === undefined ? undefined : show(value, unit),
      met: value === undefined ? undefined : value <= limit,
    };
  });

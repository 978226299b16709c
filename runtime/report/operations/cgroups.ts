import type { Because } from '../../../spec/because.js';
import type { cgroups as catalog } from '../../../spec/operations/cgroups.js';
import { placeOf } from '../../program/action.js';
import type { Template } from '../../program/operand.js';
import { shorten } from './shorten.js';
import { errno, type Shown, type WordsOf } from './words-of.js';

/** With the id in its place, if the path ends in it. */
const use = ({ path }: { readonly path: string }, id: Shown | undefined): Template => [
  'use cgroup ',
  ...(id === undefined
    ? [path]
    : [path.slice(0, path.lastIndexOf('ID')), id, path.slice(path.lastIndexOf('ID') + 'ID'.length)]),
];

const somebodyElse = (o: { readonly path: string }, id: Shown | undefined): Template => [
  ...use(o, id),
  ': somebody else does already, or it could not be read',
];

/** A limit of memory that is too low to start in; null: none was asked for. */
export function outOfMemory(limit: number | bigint | null, because: Because): string {
  return limit === null
    ? 'init was killed by the kernel, which was out of memory (a limit of a cgroup above its own?)'
    : `the memory limit of ${limit} bytes is too low to start in: the kernel killed init${placeOf(because)}`;
}

/** A list of CPUs may have thousands; nobody reads more. */
const short = (value: string): string => shorten(value, 100);

const setLimit = (o: {
  readonly file: string;
  readonly value: string;
  readonly rather?: string;
  readonly ratherValue?: string;
}): string =>
  `set ${short(o.file)} to ${short(o.value)}${o.rather === undefined ? '' : `, or ${o.rather} to ${o.ratherValue}`}`;

/** v1 refuses a limit below what is used: EBUSY. */
const counted = /^memory\..*limit_in_bytes$/;

const reach = (sockets: readonly string[]): string =>
  `reach systemd${sockets.length === 0 ? '' : ` at ${sockets.join(' or ')}`}`;

export const cgroups: WordsOf<typeof catalog> = {
  'check-cgroup-layout': {
    title: o => `find the cgroups as they were compiled for (${o.layout})`,
    message: o => [
      `the cgroups of this host are not those that this was compiled for (${o.layout}): compile it again here`,
    ],
  },
  'name-cgroups': { title: () => 'name the cgroups' },
  'check-cgroup-is-unused': { title: o => `check that ${o.path} is nobody's`, message: somebodyElse },
  'check-cgroup-is-thawed': {
    title: o => (o.above ? 'check that nothing above is frozen' : 'see that it is not frozen'),
    message: (o, id) => [...use(o, id), ': it, or one above it, is frozen (thaw it first)'],
  },
  'prepare-cgroup-removal': { title: () => 'prepare to remove the cgroups' },
  'take-cgroup': { title: o => `take ${o.path}`, message: somebodyElse },
  'record-cgroup': { title: o => `write down that ${o.path} is taken` },
  'make-cgroup': { title: o => `make cgroup ${o.path}` },
  'give-cgroup': { title: o => `give cgroup ${o.path} to ${o.uid}:${o.gid}` },
  'enable-controllers': { title: o => `enable ${o.controllers.join()} for ${o.path}` },
  limit: { title: setLimit },
  'check-memory-use': {
    title: o => `check that no more than ${o.limit} bytes of memory are in use`,
    message: (o, used) => [
      `the memory limit of ${o.limit} bytes is below what the container uses now, `,
      used,
      ' bytes',
    ],
  },
  'remember-limits': { title: () => 'remember the limits that hold now' },
  'change-limit': {
    title: setLimit,
    fails: o => [setLimit(o), ...(counted.test(o.file) ? [' (more may be in use already)'] : [])],
  },
  'allow-devices': {
    title: o => `allow devices (${o.rules.length} rules${o.by === 'bpf' ? ', BPF' : ''})`,
  },
  'enter-cgroup': { title: o => `enter cgroup ${o.path}` },
  'open-cgroup': {
    title: o => `open cgroup ${o.path}`,
    message: o => ['enter cgroup ', o.path, ': ', errno],
  },
  'reach-systemd': {
    title: o => reach(o.sockets),
    message: o => {
      const hint = 'without it: --cgroup-manager cgroupfs';
      const odd =
        o.passedOver === undefined ? '' : `${o.passedOver} names no Unix socket that there could be`;
      if (o.sockets.length === 0)
        return [`reach systemd: ${odd || 'the path of its socket would be too long'} (${hint})`];
      return [`${reach(o.sockets)}: `, errno, ` (is it running? ${odd === '' ? '' : `${odd}; `}${hint})`];
    },
  },
  'start-scope': {
    title: o => `let systemd start ${o.unit} in ${o.slice}`,
    fails: o => [`let systemd start ${o.unit}`],
  },
  'record-scope': { title: o => `write down which cgroup ${o.path} is` },
  'see-systemd': {
    title: o => `see whether systemd is there, for ${o.unit}`,
    fails: o => [`let systemd change ${o.unit}`],
  },
  'set-properties': {
    title: o => `let systemd change ${o.unit} (${o.properties.join(', ')})`,
    fails: o => [`let systemd change ${o.unit}`],
  },
  'check-scope': {
    title: o => `check that init is in ${o.path}`,
    message: (o, unit) => [
      'let systemd start ',
      unit ?? '',
      `: it says that it did, but init is not in ${o.path}`,
    ],
  },
  'check-container-is-thawed': {
    title: () => 'check that it is not frozen',
    message: () => [
      'the cgroup of the container, or one above it, is frozen (resume it, or use --ignore-paused)',
    ],
  },
};

import type { Because } from '../../../spec/because.js';
import type { cgroups as catalog } from '../../../spec/operations/cgroups.js';
import { placeOf } from '../../program/action.js';
import type { Template } from '../../program/operand.js';
import { errno, type Shown, type WordsOf } from './words-of.js';

/** With the id in its place, if the path ends in it. */
const use = ({ path }: { readonly path: string }, id: Shown | undefined): Template => [
  'use cgroup ',
  ...(id === undefined ? [path] : [path.slice(0, -'ID'.length), id]),
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
  'enable-controllers': { title: o => `enable ${o.controllers.join()} for ${o.path}` },
  limit: {
    title: o =>
      `set ${o.file} to ${o.value}${o.rather === undefined ? '' : `, or ${o.rather} to ${o.ratherValue}`}`,
  },
  'allow-devices': {
    title: o => `allow devices (${o.rules.length} rules${o.by === 'bpf' ? ', BPF' : ''})`,
  },
  'enter-cgroup': { title: o => `enter cgroup ${o.path}` },
  'open-cgroup': {
    title: o => `open cgroup ${o.path}`,
    message: o => ['enter cgroup ', o.path, ': ', errno],
  },
  'check-container-is-thawed': {
    title: () => 'check that it is not frozen',
    message: () => [
      'the cgroup of the container, or one above it, is frozen (resume it, or use --ignore-paused)',
    ],
  },
};

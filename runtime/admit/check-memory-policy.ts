import { MOST_NODES, parseCpuList } from '../../spec/cpu-list.js';
import type { LinuxMemoryPolicy } from '../../spec/generated/config.js';
import { formatPath, type Note, type ValuePath } from './diagnostic.js';

type Mode = LinuxMemoryPolicy['mode'];

const withoutNodes: readonly Mode[] = ['MPOL_DEFAULT', 'MPOL_LOCAL'];
/** MPOL_PREFERRED without nodes prefers that of the CPU. */
const needsNodes: readonly Mode[] = [
  'MPOL_BIND',
  'MPOL_INTERLEAVE',
  'MPOL_WEIGHTED_INTERLEAVE',
  'MPOL_PREFERRED_MANY',
];

/** set_mempolicy(2) says EINVAL to all of these, without a word on which. */
export function checkMemoryPolicy({ mode, nodes = '', flags = [] }: LinuxMemoryPolicy, note: Note): void {
  const base: ValuePath = ['linux', 'memoryPolicy'];
  if (nodes !== '' && parseCpuList(nodes, MOST_NODES) === null)
    note([...base, 'nodes'], { kind: 'wrong-form', form: 'node-list' });
  else if (nodes !== '' && withoutNodes.includes(mode))
    note([...base, 'nodes'], {
      kind: 'only-with',
      property: 'mode',
      values: [...needsNodes, 'MPOL_PREFERRED'],
    });
  else if (nodes === '' && needsNodes.includes(mode)) note([...base, 'nodes'], { kind: 'missing' });
  const fixed = flags.indexOf('MPOL_F_STATIC_NODES');
  const relative = flags.indexOf('MPOL_F_RELATIVE_NODES');
  if (fixed >= 0 && relative >= 0)
    note([...base, 'flags', Math.max(fixed, relative)], {
      kind: 'conflict',
      property: formatPath([...base, 'flags', Math.min(fixed, relative)]),
    });
}

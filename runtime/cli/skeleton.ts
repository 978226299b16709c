/** `skeleton create|check|remove [PATH]`: the root of the back end kmod, which all trees have in common. */
import { skeletonActions } from '../../spec/commands.js';
import type { SkeletonWork } from '../../spec/environment.js';
import { compileSkeleton } from '../compile/skeleton.js';
import { hostArch } from '../host/facts.js';
import { encode } from '../program/encode.js';
import { brokenFileLines, brokenFileText } from '../report/broken-file-text.js';
import { oneLine } from '../report/diagnostic.js';
import { table } from '../report/table.js';
import { probeKernelLink } from '../trees/kernel-link.js';
import {
  isPinned,
  isRecorded,
  linkedTrees,
  type SkeletonLook,
  shareFaults,
  skeletonWork,
} from '../trees/skeleton-input.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';
import { refusedInput } from './refusal.js';
import { runningContainers } from './running-containers.js';
import { see } from './see-skeleton.js';
import { skeletonFaults, skeletonNotes } from './skeleton-findings.js';

const counted = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;

function summary(work: SkeletonWork, { input, plan, notLive }: SkeletonLook): string {
  const { detach, unlink, open, make, mount, alter } = work;
  const changes = [detach, unlink, open, make, mount, alter].flat().length;
  const made = work.root === null ? 'is made' : changes > 0 ? 'is changed' : 'is pinned';
  const still =
    notLive.length > 0
      ? `; not live, because the host's mount is not shared: ${notLive.slice(0, 8).join(' ')}`
      : '';
  const trees = counted(input.trees.length, 'tree', 'trees');
  const shares = counted(input.shares.length, 'share', 'shares');
  return `${work.path} ${made}: ${trees}, ${shares}, ${counted(plan.mounts.length, 'mount', 'mounts')} for all${still}`;
}

function create(invocation: Invocation): Outcome {
  const seen = see(invocation, 'make the skeleton of', true);
  if (seen.kind === 'failure') return seen;
  const { look, registry, host, enter } = seen.value;
  const { path, place } = look;
  if (linkedTrees(registry).length === 0) return failed({ kind: 'tree', fault: { kind: 'no-trees' } });
  const [first] = registry.broken.map(brokenFileText);
  if (first !== undefined && place.kind === 'skeleton')
    return failed({
      kind: 'tree',
      fault: { kind: 'broken-registry', verb: `change the skeleton \`${path}\``, first },
    });
  const faults = shareFaults(registry, host.prefix);
  if (faults.length > 0) return failed(refusedInput(faults));
  if (place.kind === 'taken')
    return failed({ kind: 'tree', fault: { kind: 'skeleton-place', path, why: place.why } });
  if (place.kind === 'skeleton' && look.deviations.length === 0 && isRecorded(look) && isPinned(look))
    return done(`${path} is as the registry asks for\n`);
  const work = skeletonWork({ ...look, place }, enter, runningContainers(invocation), host.prefix);
  const program = compileSkeleton({ ...work, arch: hostArch(), summary: summary(work, look) });
  const warnings = registry.broken.map(brokenFileText);
  return { kind: 'launch', entry: 'host', image: encode(program), values: {}, warnings };
}

function check(invocation: Invocation): Outcome {
  const seen = see(invocation, 'check the skeleton of');
  if (seen.kind === 'failure') return seen;
  const { look, registry, host } = seen.value;
  if (look.place.kind !== 'skeleton')
    return failed({ kind: 'tree', fault: { kind: 'no-skeleton', path: look.path } });
  const faults = [
    ...registry.broken.flatMap(brokenFileLines),
    ...shareFaults(registry, host.prefix).map(oneLine),
    ...skeletonFaults(look),
  ];
  const notes = skeletonNotes(look, probeKernelLink());
  const rows = [...faults.map(text => ['fault', text]), ...notes.map(text => ['note', text])];
  return {
    kind: 'done',
    out: rows.length === 0 ? `${look.path} is as the registry asks for\n` : table(['RESULT', 'WHAT'], rows),
    exitCode: faults.length > 0 ? 1 : 0,
  };
}

export async function skeleton(invocation: Invocation): Promise<Outcome> {
  const given = invocation.line.operands[0] ?? '';
  const action = skeletonActions.find(name => name === given);
  switch (action) {
    case 'create':
      return create(invocation);
    case 'check':
      return check(invocation);
    case 'remove':
      return (await import('./skeleton-remove.js')).remove(invocation);
    case undefined: {
      const fault = {
        kind: 'bad-value',
        option: 'skeleton',
        value: given,
        expected: skeletonActions,
      } as const;
      return failed({ kind: 'usage', fault });
    }
  }
}

/** `skeleton create|check|remove [PATH]`: the root of the back end kmod, which all trees have in common. */
import { skeletonActions } from '../../spec/commands.js';
import type { SkeletonWork } from '../../spec/environment.js';
import { compileSkeleton } from '../compile/skeleton.js';
import { hostArch } from '../host/facts.js';
import { encode } from '../program/encode.js';
import { brokenFileLines, brokenFileText } from '../report/broken-file-text.js';
import { oneLine } from '../report/diagnostic.js';
import { jsonText } from '../report/json-text.js';
import { probeKernelLink } from '../trees/kernel-link.js';
import {
  isPinned,
  isRecorded,
  linkedTrees,
  type SkeletonLook,
  shareFaults,
  skeletonWork,
} from '../trees/skeleton-input.js';
import { type Finding, findingsText, wantsJson } from './as-json.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';
import { refusedInput } from './refusal.js';
import { runningContainers } from './running-containers.js';
import { see } from './see-skeleton.js';
import { skeletonFaults, skeletonNotes } from './skeleton-findings.js';

const counted = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;

function summary(work: SkeletonWork, { input, plan, notLive }: SkeletonLook): string {
  const made = work.root === null ? 'is made' : changesOf(work) > 0 ? 'is changed' : 'is pinned';
  const still =
    notLive.length > 0
      ? `; not live, because the host's mount is not shared: ${notLive.slice(0, 8).join(' ')}`
      : '';
  const trees = counted(input.trees.length, 'tree', 'trees');
  const shares = counted(input.shares.length, 'share', 'shares');
  return `${work.path} ${made}: ${trees}, ${shares}, ${counted(plan.mounts.length, 'mount', 'mounts')} for all${still}`;
}

/** Of one that is as the registry asks for, too. */
function skeletonJson({ input, plan, notLive, path }: SkeletonLook, changes: number): string {
  const trees = input.trees.map(one => one.path);
  const shares = input.shares.map(share => ({ path: share.path, live: !notLive.includes(share.path) }));
  return jsonText({ path, trees, shares, mounts: plan.mounts.length, changes }, 2);
}

const changesOf = ({ detach, unlink, open, make, mount, alter }: SkeletonWork): number =>
  [detach, unlink, open, make, mount, alter].flat().length;

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
    return done(
      wantsJson(invocation) ? `${skeletonJson(look, 0)}\n` : `${path} is as the registry asks for\n`,
    );
  const work = skeletonWork({ ...look, place }, enter, runningContainers(invocation), host.prefix);
  const said = wantsJson(invocation) ? skeletonJson(look, changesOf(work)) : summary(work, look);
  const program = compileSkeleton({ ...work, arch: hostArch(), summary: said });
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
  const name = look.path;
  const rows: readonly Finding[] = [
    ...faults.map(what => ({ name, result: 'fault', what }) as const),
    ...notes.map(what => ({ name, result: 'note', what }) as const),
  ];
  const json = wantsJson(invocation);
  const out =
    rows.length === 0 && !json ? `${name} is as the registry asks for\n` : findingsText(rows, json, false);
  return { kind: 'done', out, exitCode: faults.length > 0 ? 1 : 0 };
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
      const fault = { kind: 'unknown-action', command: 'skeleton', given, actions: skeletonActions } as const;
      return failed({ kind: 'usage', fault });
    }
  }
}

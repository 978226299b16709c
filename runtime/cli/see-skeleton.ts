import { DEFAULT_SKELETON, probeKernelLink } from '../trees/kernel-link.js';
import { isRoots } from '../trees/real-path.js';
import type { Registry } from '../trees/registry.js';
import { linkedTrees, lookAtSkeleton, type SkeletonLook } from '../trees/skeleton-input.js';
import { type HostReading, readHost } from '../trees/skeleton-place.js';
import { openRegistry } from './environment.js';
import { type Attempt, type Invocation, ok, refuse } from './invocation.js';
import { hostViewFor } from './tree-prepare.js';
import { writeFiles } from './write-files.js';

/** What is given, or where the kernel module looks for it. */
function skeletonPath({ line }: Invocation): Attempt<string> {
  const facts = probeKernelLink();
  const path = line.operands[1] ?? (facts.kind === 'present' ? facts.skeleton : DEFAULT_SKELETON);
  return /^(\/[^/\n]+)+$/.test(path) && !/\/\.\.?(\/|$)/.test(path)
    ? ok(path)
    : refuse({ kind: 'tree', fault: { kind: 'skeleton-place', path, why: 'not-canonical' } });
}

interface Seen {
  readonly look: SkeletonLook;
  readonly registry: Registry;
  readonly host: HostReading;
  readonly enter: boolean;
}

/** The skeleton that a command is about, as it is in the mount namespace of process 1. `verb` for messages: "remove the skeleton of". `files`: what trees show of the host's files is written first. */
export function see(invocation: Invocation, verb: string, files = false): Attempt<Seen> {
  const path = skeletonPath(invocation);
  if (path.kind === 'failure') return path;
  const view = hostViewFor(verb, invocation);
  if (view.kind === 'failure') return view;
  const host = readHost(view.value, invocation.request.caller);
  const registry = openRegistry(host.prefix);
  if (registry.kind === 'failure') return registry;
  if (registry.value.trees.has(path.value))
    return refuse({
      kind: 'tree',
      fault: { kind: 'skeleton-place', path: path.value, why: 'named-like-a-tree' },
    });
  if (!isRoots(path.value, host.prefix))
    return refuse({ kind: 'tree', fault: { kind: 'skeleton-place', path: path.value, why: 'foreign' } });
  const unwritten = files ? writeFiles(linkedTrees(registry.value), host.prefix) : [];
  if (unwritten.length > 0)
    return refuse({ kind: 'tree', fault: { kind: 'files-not-written', faults: unwritten } });
  const look = lookAtSkeleton(registry.value, host, path.value);
  return ok({ look, registry: registry.value, host, enter: view.value.kind === 'other' });
}

/** Whether a process may stay in the view that all share, where nothing may ever be mounted or unmounted (docs/architecture.md, "Rules of shared views", 4 and 10). */
import type { CapabilitySets } from '../../../spec/normal-config.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import { changeOf, rightOver, type SharedView } from '../../../spec/own-copy.js';
import { propagationWord } from '../idioms/mount-steps.js';
import type { Launch } from '../launch/launch.js';
import type { Verdict } from './elision.js';

/** Why a launch gets a copy. */
export type WhyCopy = Pick<OperationOf<'copy-view'>, 'why' | 'mount' | 'propagation' | 'path'>;

export function whyNotShared(given: CapabilitySets | null, view: SharedView): WhyCopy | null {
  const why = rightOver(given, view);
  return why === null ? null : { why };
}

/** Why the launch needs a mount namespace of its own; null if it needs none. */
export function whyOwnCopy(launch: Launch, verdicts: readonly Verdict[], view: SharedView): WhyCopy | null {
  const { config, process } = launch;
  if (launch.namespaces.has('mount')) return { why: 'mount-namespace' };
  const left = verdicts.findIndex(verdict => verdict.kind === 'mounted');
  if (left >= 0) return { why: 'mount-remains', mount: left };
  const why = changeOf(config);
  const { rootfsPropagation: asked } = config.linux;
  if (why === 'propagation' && asked !== null) return { why, propagation: propagationWord(asked) };
  return why === null ? whyNotShared(process.capabilities, view) : { why };
}

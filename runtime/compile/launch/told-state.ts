/** The state of the container, as hooks and agents are told it (runtime.md, "State"). */
import type { Slot } from '../../program/operand.js';
import type { StateOf } from '../idioms/oci-state.js';
import type { Launch } from './launch.js';

/** As config.json has them, and what the environment adds. */
export function stateAnnotations({
  config,
  placement,
}: Pick<Launch, 'config' | 'placement'>): Readonly<Record<string, string>> {
  // A copy of half a million takes Node a second.
  if (Object.keys(placement.annotations).length === 0) return config.annotations;
  return { ...config.annotations, ...placement.annotations };
}

export function stateOf(launch: Launch, { id, pid }: { readonly id: Slot; readonly pid: Slot }): StateOf {
  const { config, options } = launch;
  const { ociVersion } = config;
  return { id, pid, ociVersion, bundle: options.bundle, annotations: stateAnnotations(launch) };
}

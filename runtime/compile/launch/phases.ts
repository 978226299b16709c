/**
 * The order of what is done, a table for each track. Concerns say into which phase their operations go and nothing else: what comes before what is read, and
 * changed, here.
 */
import type { Action } from '../../program/action.js';

export const phases = {
  /** `create` and `run`: the command. */
  host: [
    'kernel',
    'options',
    'own-terminal',
    'descriptors',
    // Everything that can be refused is, before anything is made.
    'joined-namespaces',
    'view',
    'given-devices',
    'state-root',
    'free-cgroups',
    'console',
    // From here on a signal waits until what is made can be taken back.
    'interrupts',
    'state',
    'gate',
    'cgroups',
    'channel',
    'signals',
    'clocks',
    'init',
    // Init is there, and does nothing yet.
    'maps',
    'rights',
    'sources',
    'adopted',
    'record',
    'network',
    'go-on',
    'sources-given',
    'terminal',
    'hooks-asked',
    'others-in',
    'hooks',
    'hooks-done',
    'ready',
    'others-out',
    'view-done',
    'announced',
    // `run` opens the gate itself.
    'others-in-again',
    'open-gate',
    'gate-opened',
    'poststart',
    'readiness',
    'foreground',
    'poststop',
    'end',
  ],
  /** The first process of the container. */
  init: [
    'begin',
    'recorded',
    'host-pid',
    'cgroups',
    // With the ids of the host, if there is a user namespace; then no longer.
    'sources',
    'mapped-root',
    'cgroup-namespace',
    'namespaces',
    // With the rights of the host, but where the container is.
    'process',
    'hook-output',
    'root',
    'names',
    'loopback',
    'labels',
    'let-go-of-host',
    'user',
    'ready',
    'gate',
    'start-container',
    'execve',
  ],
  /** `exec`: the command. */
  exec: [
    // Before the command holds, closes or opens anything: the compiler may have to be asked after all.
    'as-before',
    'kernel',
    'own-terminal',
    'descriptors',
    'container',
    'affinity',
    'cgroups',
    'console',
    'pid-namespace',
    'interrupts',
    'channel',
    'signals',
    'process',
    'terminal',
    'executed',
    'announced',
    'foreground',
    'end',
  ],
  /** One more process of a container. */
  process: [
    'begin',
    'cgroups',
    'affinity',
    // With the rights of the host.
    'reserved',
    'link',
    'namespaces',
    // Everything inside can see it from now on.
    'devices',
    'process',
    'terminal',
    'labels',
    'let-go-of-host',
    'user',
    'execve',
  ],
} as const;

export type TrackName = keyof typeof phases;
export type Phase<T extends TrackName> = (typeof phases)[T][number];

/** What one concern does, by track and phase. */
export type Contribution = {
  readonly [T in TrackName]?: { readonly [P in Phase<T>]?: readonly Action[] };
};

/** The actions of a track. Within a phase they stand in the order of the contributions. */
export function inOrder(track: TrackName, contributions: readonly Contribution[]): readonly Action[] {
  const filled = new Map<string, Action[]>();
  for (const contribution of contributions) {
    const parts: { readonly [P in string]?: readonly Action[] } = contribution[track] ?? {};
    for (const phase in parts) {
      const actions = parts[phase] ?? [];
      const before = filled.get(phase);
      if (before === undefined) filled.set(phase, [...actions]);
      else before.push(...actions);
    }
  }
  return phases[track].flatMap(phase => filled.get(phase) ?? []);
}

import { createRegistry } from '../harness/registry.js';
import type { Podman } from './podman.js';

/**
 * One way to use Podman. `observe` is done under the runtime and under the reference; what it returns must satisfy
 * `expect`, and what `compare` takes of it must be the same, as JSON, under both.
 */
export interface Case<Seen> {
  readonly observe: (podman: Podman) => Promise<Seen>;
  /** Throws if what was seen is wrong, whatever the reference does. */
  readonly expect: (seen: Seen) => void;
  /** What of it is compared with the reference; all of it if absent. */
  readonly compare?: (seen: Seen) => unknown;
  /** Why this host cannot show it, or undefined. */
  readonly skip?: (podman: Podman) => string | undefined | Promise<string | undefined>;
  /** Milliseconds; half a minute if absent. */
  readonly deadlineMs?: number;
}

/** A case whose type of observation is closed over. */
export interface NamedCase {
  readonly name: string;
  readonly deadlineMs: number;
  skip(podman: Podman): Promise<string | undefined>;
  /** `check` is separate, so that what was seen can be compared even when it is wrong. */
  observe(podman: Podman): Promise<{ readonly seen: unknown; readonly compared: unknown; check(): void }>;
}

const registry = createRegistry<NamedCase>();

/** Registers a case. */
export function test<Seen>(name: string, definition: Case<Seen>): void {
  registry.add({
    name,
    deadlineMs: definition.deadlineMs ?? 30_000,
    skip: async podman => definition.skip?.(podman),
    observe: async podman => {
      const seen = await definition.observe(podman);
      const compared = definition.compare === undefined ? seen : definition.compare(seen);
      return { seen, compared, check: () => definition.expect(seen) };
    },
  });
}

export const cases = registry.all;

/** Which features a start gets of those that are asked for by name: with what they require, each after what it requires. Pure. */
import type { FeatureFault } from '../admit/diagnostic.js';
import type { RegisteredFeature } from './registry.js';

export type ResolvedFeatures =
  | { readonly kind: 'features'; readonly features: readonly RegisteredFeature[] }
  | { readonly kind: 'fault'; readonly fault: FeatureFault };

/** Two that do not go together, by what they say or because both put something else in one place. */
function conflictIn(features: readonly RegisteredFeature[]): FeatureFault | null {
  const places = new Map<string, { readonly feature: string; readonly path: string }>();
  for (const { name, conflicts, files } of features) {
    const other = features.find(one => one.name !== name && conflicts.includes(one.name));
    if (other !== undefined) return { kind: 'features-conflict', one: name, other: other.name };
    for (const { at, path } of files) {
      const before = places.get(at);
      if (before !== undefined && before.path !== path)
        return { kind: 'features-conflict', one: before.feature, other: name, place: at };
      places.set(at, { feature: name, path });
    }
  }
  return null;
}

export function resolveFeatures(
  known: ReadonlyMap<string, RegisteredFeature>,
  names: readonly string[],
): ResolvedFeatures {
  const done = new Map<string, RegisteredFeature>();
  const on: string[] = [];
  const visit = (name: string): FeatureFault | null => {
    if (done.has(name)) return null;
    const requiredBy = on.at(-1) ?? null;
    if (on.includes(name)) return { kind: 'features-circle', names: [...on.slice(on.indexOf(name)), name] };
    const feature = known.get(name);
    if (feature === undefined) return { kind: 'unknown-feature', name, requiredBy, known: [...known.keys()] };
    on.push(name);
    for (const other of feature.requires) {
      const fault = visit(other);
      if (fault !== null) return fault;
    }
    on.pop();
    done.set(name, feature);
    return null;
  };
  for (const name of names) {
    const fault = visit(name);
    if (fault !== null) return { kind: 'fault', fault };
  }
  const features = [...done.values()];
  const fault = conflictIn(features);
  return fault === null ? { kind: 'features', features } : { kind: 'fault', fault };
}

/**
 * What callers without rights launch: the plainest bundle, and one with everything at once that they make otherwise than root. Root's bundles have
 * the rest.
 */
import type { CallerName } from '../suite/callers.js';
import { type BundleKind, bundleKinds } from './bundles.js';

const named = (name: string): BundleKind => {
  const kind = bundleKinds.find(one => one.name === name);
  if (kind === undefined) throw new Error(`there is no bundle ${name}`);
  return kind;
};

const together: readonly BundleKind[] = ['hooks', 'binds over nothing', 'console socket'].map(named);

const plain: BundleKind = { ...named('default'), stride: 5 };

const everything: BundleKind = {
  name: 'everything',
  ways: ['create'],
  stride: 11,
  listens: 'console',
  made: together.flatMap(({ made = [] }) => made),
  change(config, place) {
    for (const { change } of together) change(config, place);
    if (config.linux && place.lab.caller === 'user')
      config.linux.resources = { pids: { limit: 64 }, memory: { limit: 64 << 20 } };
  },
};

export const kindsOf: Readonly<Record<Exclude<CallerName, 'root'>, readonly BundleKind[]>> = {
  user: [{ ...plain, ways: ['foreground', 'detached'] }, everything],
  userns: [
    { ...plain, ways: ['detached'] },
    { ...everything, otherStride: 3 },
  ],
};

/** Whose commands are stopped as well: of a user also those that want a cgroup, of root of a user namespace, which has none, some of the others. */
export const commandsOf: BundleKind = { ...plain, stride: 9 };
export const wantedOf: Readonly<Record<Exclude<CallerName, 'root'>, RegExp>> = {
  user: /^(kill ID|pause|resume|delete ID|exec$|update)/,
  userns: /^(start|delete --force|exec --detach)/,
};

import type { NormalMount } from '../../../spec/normal-mount.js';
import type { Slot } from '../../program/operand.js';

/** The descriptor of a user namespace that has the map of a mount (namespaces/id-maps.ts); null: the mount has none. */
export type IdMapOf = (mount: Pick<NormalMount, 'idMap'>) => Slot | null;

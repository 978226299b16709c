/**
 * What a back end is to the rest of the compiler: kmod.ts, pinned.ts and private.ts. choose-back-end.ts picks one.
 */
import type { Action } from '../../program/action.js';
import type { Launch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import type { RootActions, RootInput } from '../root/prepare.js';

export interface BackEnd {
  /** The launch as the back end changes it: namespaces, placement. */
  readonly launch: Launch;
  /** Host track, before init. */
  readonly open: readonly Action[];
  /** Host track, once init is where it belongs. */
  readonly settled: readonly Action[];
  /** Init track, up to being in "/" of the container. */
  prepareRoot(input: RootInput, refuse: Refuse): RootActions;
}

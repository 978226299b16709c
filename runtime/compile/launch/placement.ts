/**
 * How the chosen environment bears on a launch: what the concerns that are the same for all back ends have to ask it. `ordinary` is that of a bundle
 * that asks for none.
 */
import { AT_FDCWD } from '../../../spec/kernel.js';
import type { Operand, Slot } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';

export interface Placement {
  /** Init enters a mount namespace that is there, and so is not started in a new one. */
  readonly entered: boolean;
  /** Init stays in a view that others share: whoever enters it later must not be able to change it. */
  readonly shared: boolean;
  /** /dev is the host's: nothing is made in it. */
  readonly hostDevices: boolean;
  /** Added to the annotations in the state. */
  readonly annotations: Readonly<Record<string, string>>;
  /** A detached copy of what is at a path of the host (open_tree(2)), wherever init is by then. */
  openSource(path: Operand, flags: number, to: Slot): readonly Line[];
}

export const ordinary: Placement = {
  entered: false,
  shared: false,
  hostDevices: false,
  annotations: {},
  openSource: (path, flags, to) => [sys('open_tree', [AT_FDCWD, path, flags], { to })],
};

/** The operations of all wings. A kind stands in one of them. */
import type { Because } from '../because.js';
import type { Fields } from './catalog.js';
import { cgroups } from './cgroups.js';
import { container } from './container.js';
import { criu } from './criu.js';
import { hooks } from './hooks.js';
import { launch } from './launch.js';
import { namespaces } from './namespaces.js';
import { pins } from './pins.js';
import { process } from './process.js';
import { root } from './root.js';
import { stored } from './stored.js';
import { views } from './views.js';

export const operations = {
  ...launch,
  ...namespaces,
  ...cgroups,
  ...process,
  ...hooks,
  ...root,
  ...container,
  ...criu,
  ...stored,
  ...pins,
  ...views,
} as const;

export type OperationKind = keyof typeof operations;

/** One thing that a launch does, as a plain record: what, with what, and why. */
export type OperationOf<K extends OperationKind> = {
  readonly kind: K;
  readonly because: Because;
} & Fields<(typeof operations)[K]>;

export type Operation = { [K in OperationKind]: OperationOf<K> }[OperationKind];

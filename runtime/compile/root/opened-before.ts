import { slot } from '../../program/operand.js';
import type { Pass } from './planned.js';

/** Whoever becomes root of a user namespace may not reach what is bound any more: it has been opened before. */
export const openedBefore: Pass = planned =>
  planned.kind === 'bind' ? [{ ...planned, copy: slot(`source_${planned.index}`, -1) }] : [planned];

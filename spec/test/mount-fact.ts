/** A mount for tests: private, without options, on nothing. */
import type { MountFact } from '../environment.js';

export const mountFact = (point: string, more: Partial<MountFact> = {}): MountFact => ({
  id: 1,
  parent: 0,
  point,
  root: '/',
  device: '8:1',
  type: 'ext4',
  attributes: 0,
  peerGroup: 0,
  master: 0,
  ...more,
});

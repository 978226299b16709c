import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PayloadItem } from './payload.js';

/** What `make build/vm/.made` leaves: the working tree's build, installed below /usr/local for the machine's own Node. */
export function treeOfTheBuild(): readonly PayloadItem[] {
  const tree = join(process.cwd(), 'build/vm/tree');
  return existsSync(tree) ? [{ from: tree, to: '/' }] : [];
}

import { chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICE_SOCKET } from '../../../spec/wire.js';

export const NOBODY = 65534;
export const isRoot = process.geteuid?.() === 0;

/** Who asks, and who answers: root's service listens at a place that is the machine's. */
export const who = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

export interface ServicePlace {
  /** XDG_RUNTIME_DIR, and whatever else a test puts there. */
  readonly directory: string;
  /** The state root in it. */
  readonly place: string;
  readonly socket: string;
}

/** A new one, theirs. Whoever makes it takes it away. */
export function servicePlace(name: string): ServicePlace {
  const directory = mkdtempSync(join(tmpdir(), `chos-${name}-`));
  const place = join(directory, 'chos-runtime');
  mkdirSync(place, { mode: 0o700 });
  if (isRoot) for (const one of [directory, place]) chownSync(one, NOBODY, NOBODY);
  return { directory, place, socket: join(place, SERVICE_SOCKET) };
}

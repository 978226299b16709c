/**
 * Environments show the host's /dev: an image's own device nodes would be a way to the host's disks for whoever can reach the store. They are looked for in what was
 * unpacked. The list of an archive does not name them all: a hard link is a further name of a node, a directory on the way becomes another by a later entry.
 */
import { unlinkSync } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { entriesOf } from './entries.js';
import { fileFault, good, type Result } from './fault.js';
import { bytesOf } from './inside.js';
import { interruption, moment } from './interruption.js';

/** Directories between two moments in which signals are seen. */
const AT_ONCE = 64;

/** Not all of it is done once a signal has come. */
export async function removeDevices(tree: string): Promise<Result<null>> {
  const directories = [tree];
  for (let seen = 1; directories.length > 0; seen++) {
    if (seen % AT_ONCE === 0) await moment();
    if (interruption.aborted) break;
    const directory = directories.pop() ?? tree;
    try {
      for (const { name, kind } of entriesOf(directory)) {
        const place = `${directory}/${name}`;
        if (kind.isDirectory()) directories.push(place);
        else if (kind.isCharacterDevice() || kind.isBlockDevice()) unlinkSync(bytesOf(place));
      }
    } catch (error) {
      return fileFault('read', directory, codeOf(error));
    }
  }
  return good(null);
}

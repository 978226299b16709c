import { good, type Result } from '../store/fault.js';
import { mountImage } from '../store/image-file.js';
import { isOurs } from '../store/registration.js';
import type { CallerView } from '../trees/caller.js';
import { directoryOf } from '../trees/prepare-input.js';
import type { RegisteredTree } from '../trees/registry.js';

/** An imported tree that is not unpacked: after a boot nothing is mounted. */
export async function mountImageOf(tree: RegisteredTree, view: CallerView): Promise<Result<null>> {
  return view.kind !== 'same' || !isOurs(tree) ? good(null) : mountImage(directoryOf(tree.path));
}

/** The file of the registry that an import writes, once, and that `tree remove` takes away. */
import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { parseJsonFile } from '../trees/json-file.js';
import { mergeFiles, readRegistry } from '../trees/read-registry.js';
import type { RegisteredTree } from '../trees/registry.js';
import { bad, fileFault, good, type Result } from './fault.js';
import { currentOf, homeOf, REGISTRY, registryFileOf, syncDirectory, writeWhole } from './place.js';

const draftOf = (name: string): string => `${REGISTRY}/.${name}.json.part`;

export const textOf = (name: string): string =>
  `${JSON.stringify({ trees: { [name]: { path: currentOf(name) } } }, null, 2)}\n`;

/** What the registry shows in it, once it is registered if it is not yet; null: nothing that can be told. */
export function asRegistered(name: string): RegisteredTree | null {
  const read = readRegistry();
  if (read.kind !== 'registry') return null;
  const there = read.registry.trees.get(name);
  if (there !== undefined) return there;
  const own = parseJsonFile(registryFileOf(name), Buffer.from(textOf(name)));
  return own.kind === 'read' ? (mergeFiles([...read.files, own.file]).trees.get(name) ?? null) : null;
}

/** Its directory is the store's. */
export const isOurs = ({ name, path }: RegisteredTree): boolean => path === currentOf(name);

/** The trees, by whatever name, that stand in the store's place for a name, and no other command may take away. */
export function treesWithin(name: string, trees: Iterable<RegisteredTree>): readonly RegisteredTree[] {
  return [...trees].filter(({ path }) => path.startsWith(`${homeOf(name)}/`));
}

/** A file of that name that is there already is somebody's: link(2) does not replace it. */
export function register(name: string): Result<null> {
  const file = registryFileOf(name);
  const draft = draftOf(name);
  try {
    mkdirSync(REGISTRY, { recursive: true, mode: 0o755 });
    writeWhole(`${draft}.whole`, draft, textOf(name), 0o644);
    linkSync(`${draft}.whole`, file);
    syncDirectory(REGISTRY);
    return good(null);
  } catch (error) {
    const code = codeOf(error);
    return code === 'EEXIST'
      ? bad({ kind: 'taken', name, where: file, ours: false })
      : fileFault('write', file, code);
  } finally {
    forgetDraft(name);
  }
}

/** What a register that was killed has left. */
export function forgetDraft(name: string): void {
  rmSync(draftOf(name), { force: true });
  rmSync(`${draftOf(name)}.whole`, { force: true });
}

/** Only the file that was written here, and as it was written: what else stands in it is not ours to lose. */
export function unregister({ name, file }: RegisteredTree): Result<null> {
  try {
    const written: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (file !== registryFileOf(name) || JSON.stringify(written) !== JSON.stringify(JSON.parse(textOf(name))))
      return bad({ kind: 'edited', name, file });
    unlinkSync(file);
    syncDirectory(REGISTRY);
    return good(null);
  } catch (error) {
    return fileFault('remove', file, codeOf(error));
  }
}

import { codeOf } from '../host/error-code.js';
import { oneLine } from '../report/diagnostic.js';
import { errnoText } from '../report/errno-text.js';
import { FILES, type RegisteredTree } from '../trees/registry.js';
import { renderFiles } from '../trees/render-files.js';

/** Warnings: of each file what keeps it from being written; once of one that many trees show. */
export function writeFiles(trees: Iterable<RegisteredTree>, prefix: string): readonly string[] {
  const faults = [...trees].flatMap(tree => {
    try {
      return renderFiles(tree, prefix).map(oneLine);
    } catch (error) {
      return [`the files of ${tree.name} are not written to ${FILES}: ${errnoText(codeOf(error))}`];
    }
  });
  return [...new Set(faults)];
}

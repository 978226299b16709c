/** What is wrong with the files of hooks.d, a line each. */
import { type Found, faultsOf } from '../hooks/directories.js';
import { oneLine } from '../report/diagnostic.js';
import { errnoText } from '../report/errno-text.js';
import { visible } from '../report/visible.js';

/** What stands in a directory and cannot be used. */
export function broken(found: Found): readonly string[] {
  const lines = found.unreadable.map(({ directory, code }) => visible(`${directory}: ${errnoText(code)}`));
  for (const { file, read } of found.files) {
    if (read.kind === 'unreadable') lines.push(visible(`${file}: ${errnoText(read.code)}`));
    if (read.kind === 'not-a-file') lines.push(visible(`${file}: it is not a regular file`));
    if (read.kind === 'refused') lines.push(...read.diagnostics.map(oneLine));
  }
  return lines;
}

/** And what can be read, but not run. `files`: those that are looked at; a hook of another file may be the same. */
export function faultsOfHooks(found: Found, files = found.files): readonly string[] {
  return [
    ...broken({ ...found, files: [] }),
    ...files.flatMap(file => [
      ...broken({ unreadable: [], files: file.read.kind === 'refused' ? [] : [file] }),
      ...faultsOf(file, found.files).map(oneLine),
    ]),
  ];
}

/** Names of the files below PINS: a tree's name may be a path (classic aliases, skeletons), and each generation has its number behind it. */

/** The name of a tree as part of file names. */
export function fileName(tree: string): string {
  return tree.replaceAll('%', '%25').replaceAll('/', '%2F');
}

/** NAME@N, the file on which a generation is pinned. `file`: the name of the tree as part of file names. */
export const generationFile = (file: string, number: number): string => `${file}@${number}`;

/** null: the file is not that of a generation. */
export function generationOf(file: string): { readonly tree: string; readonly number: number } | null {
  const [, tree, number] = /^(.+)@(\d+)$/.exec(file) ?? [];
  if (tree === undefined) return null;
  return { tree: tree.replaceAll('%2F', '/').replaceAll('%25', '%'), number: Number(number) };
}

/** Absolute paths as text, name by name. */

/** As many symbolic links as the kernel follows (path_resolution(7)). */
export const LINKS = 40;

export const names = (path: string): readonly string[] =>
  path.split('/').filter(name => name !== '' && name !== '.');
export const join = (directory: string, name: string): string =>
  `${directory === '/' ? '' : directory}/${name}`;
export const parent = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

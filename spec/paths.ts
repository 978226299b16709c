/** Paths by the world that they are of: the type checker keeps those of the host and those of the container apart. */
declare const world: unique symbol;
declare const plain: unique symbol;

/** On the host. A relative one counts from the bundle. */
export type HostPath = string & { readonly [world]: 'host' };

/** In the root of the container, absolute, otherwise as it is written: what `..` behind a link leads to is for the kernel to say. */
export type TreePath = string & { readonly [world]: 'tree' };

/** One without empty, `.` and `..` parts: two of these can be compared. */
export type TreePlace = TreePath & { readonly [plain]: true };

export function hostPath(text: string): HostPath {
  return text as HostPath;
}

/** As runc and crun take what is not absolute: from the root of the container. */
export function treePath(text: string): TreePath {
  return (text.startsWith('/') ? text : `/${text}`) as TreePath;
}

export function treePlace(text: string): TreePlace {
  return normalise(text) as TreePlace;
}

/** A path without empty, `.` and `..` parts; above the root is the root. */
export function normalise(path: string): string {
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') out.pop();
    else out.push(part);
  }
  return `/${out.join('/')}`;
}

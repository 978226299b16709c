/** Where Podman and CRI-O look for files of hooks.d, in this order. */
export const DIRECTORIES = ['/usr/share/containers/oci/hooks.d', '/etc/containers/oci/hooks.d'] as const;

/** A file of hooks.d by its name: editors and package managers leave others. */
export const isHookFile = (name: string): boolean => name.endsWith('.json') && !name.startsWith('.');

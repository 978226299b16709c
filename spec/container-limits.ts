/**
 * Bounds of what is kept of a container; the front door, the compiler and runtime/cli have them from here.
 *
 * Ids: runc's letters (Slurm's are like node1.alice.42.0.-1), no leading dot (crun), which also keeps `.` and `..` out. An id is the name of
 * a directory, of the state and of cgroups, and a name has 255 bytes at most (NAME_MAX).
 */
export const ID_LIMIT = 255;
/** Letters that stand anywhere, as a class of regular expressions; `.` is one more from the second on. */
export const ID_LETTERS = 'A-Za-z0-9_+-';

/** Bytes of config.json, process.json and files of the registry; Podman's largest real configs are below 1 MiB. */
export const CONFIG_LIMIT = 16 * 1024 * 1024;

/**
 * Texts, numbers, lists and objects in one such file. A mount or a seccomp rule is some ten of them, an argument of the process one; the kernel takes
 * 6 MiB of arguments. What the compiler needs grows with these more than with bytes: 8 million would fit into 16 MiB.
 */
export const VALUE_LIMIT = 500_000;

/**
 * state.json: it holds the annotations of config.json and a few paths (PATH_MAX). Whoever reads it takes all of it or fails.
 */
export const STATE_LIMIT = 20 * 1024 * 1024;

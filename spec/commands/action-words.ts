/** What help and manual pages say of the actions of a command, by command. */
import type { hookActions, skeletonActions, treeActions } from './environments.js';

type Words<T extends readonly string[]> = Readonly<Record<T[number], string>>;

const tree: Words<typeof treeActions> = {
  list: 'All trees: system, path, shares, back end, generation, who holds them, whether the kernel has them.',
  show: 'One of them, with its shares, generations and holders.',
  check:
    'What keeps a tree, all of them, or a file of the registry before it is put in its place, from starting. The exit code is 1 if there is anything.',
  entry: 'How chos(1) enters it, as root would compile it now; --steps: each system call.',
  files:
    'Writes the files of the host that trees show (files, chos.d(5)) anew into those that are shown: who is inside sees the new content at once.',
  prepare:
    'Assembles the environment once, in a mount namespace that is kept until release or the next boot, and writes what chos(1) and pam_chos(8) enter it by. --all: every tree.',
  release: 'Lets a generation, or all of a tree, go, unless somebody holds it.',
  drain: 'Lets nobody in any more, waits for those who are in, and lets it go.',
  load: "Makes the list of the kernel's module that of the registry, and writes what chos(1) and pam_chos(8) enter trees by. --check: only compares.",
  create: 'Makes a tree by a recipe (chos-recipes.d(5)) and registers it.',
  import:
    'Makes a tree of SOURCE and registers it: a tar, an OCI layout or archive, a Docker archive, a squashfs, podman:IMAGE, container:NAME, recipe:NAME. bsdtar (package libarchive-tools) unpacks.',
  update: 'Makes the next version of it, beside the one in use, which processes inside keep.',
  versions: 'What is stored of it, and who holds it.',
  rollback: 'Back to the version before, or to the one named.',
  remove: 'Out of the registry and off the disk, unless somebody holds it.',
  gc: 'Takes away old versions that nobody holds, and what killed commands have left.',
  digest: 'Of the content of a tree, or of any directory.',
  export: 'A tar of a tree or directory, to standard output or the file of --output.',
};

const skeleton: Words<typeof skeletonActions> = {
  create: 'Makes it, or does what has changed since, under running processes. PATH is by default /chos.',
  check: 'Each deviation, with exit code 1, and what else keeps launches from using it.',
  remove: 'Refuses while processes are inside, and names them.',
};

const hooks: Words<typeof hookActions> = {
  list: 'Each hook that counts, with its conditions.',
  check: 'What is wrong in the files, with line and column. The exit code is 1 if there is anything.',
  match: 'Which hooks the container of a bundle gets, and why, or why not.',
  run: 'Runs a hook, by its name or file, with a made-up state: what it says, its exit code or signal, its time. The exit code is 1 if it fails.',
  install: 'Puts a ready-made hook into hooks.d; a file of somebody else is left as it is.',
  remove: 'Takes it out again.',
};

export const actionWords: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  tree,
  skeleton,
  hooks,
};

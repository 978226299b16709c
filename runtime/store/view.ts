/**
 * For a program that reads a tree by paths, as bsdtar does: a view in which there is nothing else but the host's programs. Whoever can write to a directory of the tree may put a link
 * in its place while it is read; what that leads to is then in this view, or nothing.
 */

/** Names in the view. */
export const TREE = '/tree';
export const PLACE = '/place';

/**
 * $1: the tree, $2: a directory of the command's own, with a directory `view`; the rest is executed. Mounts are of a namespace of its own, and end with it. What is mounted in the tree is
 * not in the view.
 */
const SCRIPT = `tree=$1
cd -P -- "$2"
shift 2
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs view
mkdir view${TREE} view${PLACE} view/etc
mount --bind -- "$tree" view${TREE}
mount --bind . view${PLACE}
for name in usr bin sbin lib lib32 lib64 libx32; do
  if [ -L /$name ]; then
    ln -s "$(readlink /$name)" view/$name
  elif [ -d /$name ]; then
    mkdir view/$name
    mount --rbind /$name view/$name
  fi
done
if [ -f /etc/ld.so.cache ]; then
  : >view/etc/ld.so.cache
  mount --bind -o ro /etc/ld.so.cache view/etc/ld.so.cache
fi
exec chroot view "$@"`;

/** The program that starts another in the view (Work.within). `place`: has a directory `view` for it. */
export const inView = (tree: string, place: string): readonly string[] => [
  ...['setpriv', '--pdeathsig', 'KILL'],
  ...['unshare', '--mount', '--propagation', 'private', '--'],
  ...['sh', '-euc', SCRIPT, 'sh', tree, place],
];

/* WALK: what is done to whole trees of directories. */
#include "vm.h"

int op_walk(const struct run *r, const struct step *s, i64 *result)
{
	int from = (int)number(r, s, 0);
	const char *path = string(r, s, 1);

	*result = 0;
	if (s->sub == WALK_COPY)
		return copy_tree(from, (int)number(r, s, 2));
	if (!path)
		return EFAULT;
	switch (s->sub) {
	case WALK_REMOVE_CGROUP:
		return remove_cgroup(from, path, number(r, s, 2), number(r, s, 3));
	case WALK_SIGNAL_CGROUP:
		return signal_cgroup(from, path, (int)number(r, s, 2), result);
	case WALK_THAW_CGROUP:
		return thaw_cgroup(from, path);
	default:
		return remove_tree(from, path);
	}
}

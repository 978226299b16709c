/* Into a tree by its entry program, and out of it. */
#include "chos.h"

static void nothing(void)
{
}

static _Noreturn void die_of_entry(const char *tree, const struct fault *fault)
{
	die("the entry program of", joined(joined(tree, ": ", fault->what), "; root runs chos-runtime tree prepare ", tree), 0);
}

/* `refused`: why it has no entry program, as far as root knows. HANDOVER is where start_inside() goes on. */
_Noreturn void enter(const char *tree, const char *refused)
{
	static const struct value none[PARAMETER_COUNT];
	struct surroundings around = {.end = nothing, .hand_over = start_inside};
	const struct entry *entry;
	struct program p;
	struct fault fault;
	u64 size;
	long fd = hold_entry(tree, &size);

	if (fd == -ENOENT && refused)
		die("tree", joined(joined("\"", tree, "\" is not entered: "), refused, ""), 0);
	if (fd == -ENOENT)
		die("tree", joined(joined("\"", tree, "\" is not prepared: root runs chos-runtime tree prepare "), tree, ""), 0);
	if (fd < 0)
		die("open the entry program of", tree, (int)-fd);
	if (!image_map(&p, (int)fd, 0, size, &fault) || !image_validate(&p, &fault))
		die_of_entry(tree, &fault);
	entry = image_entry(&p, ENTRY_ENTER);
	/* One that enters a container wants a sealed engine, which this is not. */
	if (!entry || p.header->flags & IMAGE_FLAG_JOINS) {
		fault.what = "it is not one";
		die_of_entry(tree, &fault);
	}
	if (!image_load(&p, none))
		die("load the entry program of", tree, ENOMEM);
	run(&p, entry, &around);
}

/* Nobody has moved this process by the link: it is on the host, or what it is in is not known. */
static _Noreturn void start_on_host(void)
{
	static const char unknown[] = "leave: it is not known which view this is;";

	if (!is_host_ids())
		die(unknown, "it is in a user namespace, and stays there until it ends (exit)", 0);
	if (!has_trees())
		die(unknown, "the host's list of trees is not to be seen (root runs chos-runtime tree prepare, or tree load)", 0);
	start();
}

/* Back to the host, as far as the module lets go (docs/kernel-link.md, "Entering"). */
_Noreturn void leave_tree(void)
{
	char link[2];
	long length = sys(readlinkat, AT_FDCWD, "/proc/chos/link", link, sizeof(link));
	long fd, error;

	if (length < 2)
		start_on_host();
	fd = sys(openat, AT_FDCWD, "/proc/chos/setchos", O_WRONLY | O_CLOEXEC);
	error = fd < 0 ? fd : sys(write, fd, "/", 1);
	if (error == -EPERM)
		die("leave: only the process that chos has brought in may, not its children: exec chos / in its shell", NULL, 0);
	if (error < 0)
		die("leave by /proc/chos/setchos", NULL, (int)-error);
	sys(close, fd);
	start();
}

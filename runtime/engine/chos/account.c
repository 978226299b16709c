/* Who the caller is: by /etc/passwd and /etc/group, and where a directory service knows better, by the environment and by numbers. */
#include "chos.h"

#define LIMIT (64U << 20)
#define MOST_GROUPS 65536

static char *read_table(const char *path)
{
	long fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	size_t length;
	char *text;

	/* Whose rules are missed for want of a descriptor is not to be guessed. */
	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
		die("open", path, (int)-fd);
	if (fd < 0)
		return NULL;
	text = read_file(fd, LIMIT, &length);
	sys(close, fd);
	return text;
}

/* The line at *at, which is moved behind it, as `count` texts; the last has the rest of the line. False: there are fewer, or no line. */
static bool next_line(char **at, char **fields, unsigned count)
{
	while (**at) {
		unsigned n = 1;

		fields[0] = *at;
		for (; **at && **at != '\n'; (*at)++)
			if (**at == ':' && n < count) {
				**at = 0;
				fields[n++] = *at + 1;
			}
		if (**at) {
			**at = 0;
			(*at)++;
		}
		if (n == count)
			return true;
	}
	return false;
}

/* A decimal number and nothing else. */
static bool number_of(const char *text, u32 *number)
{
	u64 value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > UINT32_MAX)
			return false;
		value = value * 10 + (u64)(*text - '0');
	}
	*number = (u32)value;
	return value <= UINT32_MAX;
}

void read_account(struct account *a)
{
	const char *home = variable("HOME"), *shell = variable("SHELL");
	char *at = read_table("/etc/passwd"), *fields[7];
	u32 uid;

	*a = (struct account){.uid = (u32)sys(geteuid)};
	while (at && next_line(&at, fields, 7))
		if (number_of(fields[2], &uid) && uid == a->uid) {
			a->name = fields[0];
			a->home = fields[5];
			a->shell = fields[6];
			break;
		}
	if (home && *home == '/')
		a->home = home;
	if (!a->shell || *a->shell != '/')
		a->shell = shell && *shell == '/' ? shell : NULL;
	if (a->home && *a->home != '/')
		a->home = NULL;
}

bool is_user(const struct account *a, const char *rule)
{
	u32 uid;

	return (a->name && equal(a->name, rule)) || (number_of(rule, &uid) && uid == a->uid);
}

static bool has_group(u32 gid)
{
	static u32 *groups;
	static long count = -1;

	if (count < 0) {
		groups = pages((MOST_GROUPS + 1) * sizeof(*groups));
		count = sys(getgroups, MOST_GROUPS, groups);
		count = count < 0 ? 0 : count;
		groups[count++] = (u32)sys(getegid);
	}
	for (long i = 0; i < count; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

/* By the groups that the process has, not by those that the file gives to its user. */
bool in_group(const char *rule)
{
	char *at, *fields[4];
	u32 gid;

	if (number_of(rule, &gid))
		return has_group(gid);
	for (at = read_table("/etc/group"); at && next_line(&at, fields, 4);)
		if (equal(fields[0], rule) && number_of(fields[2], &gid))
			return has_group(gid);
	return false;
}

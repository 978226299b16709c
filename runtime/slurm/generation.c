/* Which generation is the newest, and what it is: as a user, by what is published. What is entered says the node, by its records. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spank_chos.h"

/* spec/environment.ts, PUBLIC: a file NAME@N for each generation (runtime/compile/pins/publish.ts). */
#define GENERATIONS "/run/chos-trees.public"
/* runtime/trees/public-files.ts: it has one if it is entered by the kernel's link, which shows the tree as it is. */
#define LINKS "/run/chos/links/"

static bool is_number(const char *text)
{
	const char *at = text;

	while (isdigit((unsigned char)*at))
		at++;
	return at > text && !*at;
}

bool is_of(const char *pinned, const char *wanted)
{
	size_t length = strlen(wanted);

	return !strncmp(pinned, wanted, length) && (!pinned[length] || (pinned[length] == '@' && is_number(pinned + length + 1)));
}

/* The name of a tree as part of file names (spec/records/names.ts). False: it is too long. */
static bool write_file_name(const char *name, char *file, size_t size)
{
	size_t used = 0;

	for (; *name && used + 4 < size; name++) {
		const char *part = *name == '%' ? "%25" : *name == '/' ? "%2F" : NULL;

		if (part)
			used += (size_t)sprintf(file + used, "%s", part);
		else
			file[used++] = *name;
	}
	file[used] = 0;
	return !*name;
}

/* One line, of a file that only root can have written. */
static bool read_identity(int directory, const char *file, char identity[IDENTITY_SIZE])
{
	int fd = openat(directory, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && !st.st_uid && !(st.st_mode & 022))
		n = read(fd, identity, IDENTITY_SIZE - 1);
	close(fd);
	if (n < 2 || identity[n - 1] != '\n')
		return false;
	identity[n - 1] = 0;
	return strlen(identity) == (size_t)n - 1 && !strpbrk(identity, "\n");
}

static int open_generations(void)
{
	int fd = open(GENERATIONS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && !st.st_uid && !(st.st_mode & 022))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* 0: there is none. Closes the directory. */
static long newest(int directory, const char *file)
{
	DIR *all = fdopendir(directory);
	const struct dirent *entry;
	long number = 0;

	while (all && (entry = readdir(all)))
		if (is_of(entry->d_name, file) && entry->d_name[strlen(file)] && strlen(entry->d_name + strlen(file)) < 12) {
			long found = strtol(entry->d_name + strlen(file) + 1, NULL, 10);

			number = found > number ? found : number;
		}
	if (all)
		closedir(all);
	else
		close(directory);
	return number;
}

/* By the link the tree is shown as it is. */
static bool is_linked(const char *file)
{
	char link[sizeof(LINKS) + FILE_SIZE];

	snprintf(link, sizeof(link), LINKS "%s", file);
	return !access("/proc/chos/setchos", F_OK) && !access(link, F_OK);
}

enum found find_newest(char *name, size_t size, char identity[IDENTITY_SIZE])
{
	char file[FILE_SIZE], pinned[FILE_SIZE + 24];
	int generations = open_generations();
	long number = 0;
	bool known = false;

	*identity = 0;
	if (write_file_name(name, file, sizeof(file)) && generations >= 0) {
		known = read_identity(generations, file, identity);
		if (!known && !is_linked(file))
			number = newest(dup(generations), file);
		snprintf(pinned, sizeof(pinned), "%s@%ld", file, number);
		/* It may have gone at this moment. */
		if (number && read_identity(generations, pinned, identity) && strlen(name) + 24 <= size)
			known = sprintf(name + strlen(name), "@%ld", number) > 0;
	}
	if (generations >= 0)
		close(generations);
	if (known)
		return IS_KNOWN;
	*identity = 0;
	return strrchr(name, '@') && is_number(strrchr(name, '@') + 1) ? IS_UNKNOWN_NUMBER : HAS_NONE;
}

char **copy_list(char **list)
{
	size_t count = 0, size = 0;
	char **copy, *text;

	while (list[count])
		size += strlen(list[count++]) + 1;
	copy = malloc((count + 1) * sizeof(*copy) + size);
	if (!copy)
		return NULL;
	text = (char *)(copy + count + 1);
	for (size_t i = 0; i < count; i++) {
		copy[i] = text;
		text = stpcpy(text, list[i]) + 1;
	}
	copy[count] = NULL;
	return copy;
}

/*
 * /etc/chos.conf of a tree, as CHOS has had it since 2004: what a login shell is started with. The tree's word is taken where it can only take away: it names variables of
 * the caller that stay, and how bash is told that it is one.
 *
 *     %ENV             names of variables that stay, one or more in a line, beside those that every program takes for granted
 *     EDITOR LANG
 *     %BEH
 *     BASHLOGIN        `bash -l` in the place of `-bash`
 */
#include "chos.h"

#define CONF "/etc/chos.conf"
#define LIMIT 65536

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_plain(const char *name)
{
	if (*name >= '0' && *name <= '9')
		return false;
	for (; *name; name++)
		if ((*name < 'A' || *name > 'Z') && (*name < 'a' || *name > 'z') && (*name < '0' || *name > '9') && *name != '_')
			return false;
	return true;
}

/* What no line is for is left alone: other sections are those of other programs. */
static void take_word(struct conf *conf, const char *section, const char *word)
{
	if (equal(section, "%ENV") && is_plain(word))
		conf->names[conf->count++] = word;
	if (equal(section, "%BEH") && equal(word, "BASHLOGIN"))
		conf->bash_login = true;
}

/* Cuts the line that begins at *at into words, and moves behind it. */
static void take_line(struct conf *conf, const char **section, char **at)
{
	char *end = *at, *word = *at;

	while (*end && *end != '\n')
		end++;
	*at = *end ? end + 1 : end;
	*end = 0;
	for (end = word; *end && *end != '#'; end++)
		;
	*end = 0;
	for (;;) {
		while (is_blank(*word))
			word++;
		if (!*word)
			return;
		for (end = word; *end && !is_blank(*end); end++)
			;
		if (*end)
			*end++ = 0;
		if (*word == '%') {
			*section = word;
			conf->has_names = conf->has_names || equal(word, "%ENV");
			return;
		}
		take_word(conf, *section, word);
		word = end;
	}
}

/* Inside the tree. One that cannot be used changes nothing, and nobody is locked out by it. */
void read_conf(struct conf *conf)
{
	static const char ignored[] = CONF " of the tree is not used: it is no regular file of at most 64 KiB of text";
	const char *section = "";
	struct statx st;
	size_t length;
	char *text;
	/* A device is not even opened. */
	long fd = sys(statx, AT_FDCWD, CONF, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st);

	*conf = (struct conf){.count = 0};
	if (fd == -ENOENT || fd == -ENOTDIR)
		return;
	if (!fd)
		fd = (st.stx_mode & S_IFMT) == S_IFREG ? sys(openat, AT_FDCWD, CONF, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -EINVAL;
	text = fd < 0 ? NULL : read_file(fd, LIMIT, &length);
	if (fd >= 0)
		sys(close, fd);
	if (!text || strlen(text) != length) {
		report(LEVEL_WARNING, ignored, sizeof(ignored) - 1);
		return;
	}
	conf->names = pages((length / 2 + 1) * sizeof(*conf->names));
	while (*text)
		take_line(conf, &section, &text);
}

/* Memory for what is of any length. */
#include <linux/mman.h>

#include "chos.h"

void *pages(size_t size)
{
	long at = sys(mmap, 0, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at < 0 && at > -4096)
		die("get memory", NULL, (int)-at);
	return (void *)at;
}

/* Of as many bytes as it says, and no more: one that is longer than that when it is read is none. NULL: it cannot be believed. */
char *read_file(long fd, size_t limit, size_t *length)
{
	struct statx st;
	size_t room;
	char *text;

	if (sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &st) || (st.stx_mode & S_IFMT) != S_IFREG || st.stx_size > limit)
		return NULL;
	room = st.stx_size + 1;
	text = pages(room);
	for (*length = 0; *length < room;) {
		long n = sys(read, fd, text + *length, room - *length);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (!n)
			break;
		*length += (size_t)n;
	}
	if (*length == room) /* it has grown since */
		return NULL;
	text[*length] = 0;
	return text;
}

const char *joined(const char *one, const char *two, const char *three)
{
	size_t size = strlen(one) + strlen(two) + strlen(three) + 1;
	struct text t = text_in(pages(size), size);

	put_string(&t, one);
	put_string(&t, two);
	put_string(&t, three);
	put_char(&t, 0);
	return t.at;
}

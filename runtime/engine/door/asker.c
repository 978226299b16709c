/* Who asks, as far as that decides what is compiled: a part of each question whose program is used again (reuse.c, again.c). */
#include "compiler.h"

#define RIGHTS_LINES 6

/* From CapInh to NoNewPrivs (proc_pid_status(5)): rights that a container can be given, and nothing that is another number each time. */
static bool read_rights(char *rights, const char *status)
{
	unsigned used = 0, lines = 0;

	while (*status && !after(status, "CapInh:")) {
		while (*status && *status++ != '\n')
			;
	}
	for (; *status && lines < RIGHTS_LINES && used < RIGHTS_SIZE - 1; used++) {
		rights[used] = *status++;
		lines += rights[used] == '\n';
	}
	return lines == RIGHTS_LINES;
}

const char *texts_of(const struct compiler *c)
{
	return c->files + strlen(c->files) + 1; /* the first is status */
}

u64 texts_size(const struct compiler *c)
{
	return c->request_size - (u64)(texts_of(c) - (const char *)c->request);
}

bool put_asker(struct asker *a, const struct compiler *c)
{
	const struct request_header *h = c->request;

	*a = (struct asker){
		.root_inode = h->root_inode,
		.compiler_inode = h->compiler_inode,
		.compiler_size = h->compiler_size,
		.compiler_seconds = h->compiler_seconds,
		.compiler_nanoseconds = h->compiler_nanoseconds,
		.root_major = h->root_major,
		.root_minor = h->root_minor,
		.compiler_major = h->compiler_major,
		.compiler_minor = h->compiler_minor,
		.euid = h->euid,
		.egid = h->egid,
	};
	memcpy(a->namespaces, h->namespaces, sizeof(a->namespaces));
	return read_rights(a->rights, c->files);
}

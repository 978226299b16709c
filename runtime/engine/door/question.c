/* What a `create` or `run` asks of a compiler, as far as its program depends on it (spec/reuse.ts): who asks, which options there are, and texts, in which names count only as names. */
#include <linux/mman.h>

#include "again.h"

struct posed posed;

/* Of the environment (runtime/host/systemd.ts). */
static const char variables[] = "XDG_RUNTIME_DIR\0DBUS_SYSTEM_BUS_ADDRESS\0DBUS_SESSION_BUS_ADDRESS\0";

/* What tells where systemd is takes its part in words of failures, in sockets, and elsewhere: with names in it each start is compiled. */
static bool put_variables(struct text *t)
{
	size_t before = t->used;
	struct names none = {0};

	for (const char *name = variables; *name; name += strlen(name) + 1) {
		const char *value = variable(name);

		if (value)
			put_string(t, value);
		put_char(t, 0);
	}
	return !t->lost && take_names(&none, t->at + before, t->used - before, posed.without) && !none.count;
}

/* --bundle, as it is written, since failures tell of its files by that name; where it begins; what else the caller has. */
static bool put_texts(const struct request *q, const struct compiler *c, struct text *t)
{
	const struct value *bundle = &q->values[PARAMETER_BUNDLE];
	const char *cwd = (const char *)(c->request + 1);
	bool relative = !bundle->given || bundle->text[0] != '/';

	if ((bundle->given && !is_normal(bundle->text)) || (relative && !is_normal(cwd)))
		return false;
	put_string(t, q->command->name);
	put_char(t, 0);
	if (bundle->given)
		put_bytes(t, bundle->text, bundle->length);
	put_char(t, 0);
	if (relative) {
		posed.bundle = t->at + t->used;
		put_string(t, cwd);
		if (bundle->given) {
			put_char(t, '/');
			put_bytes(t, bundle->text, bundle->length);
		}
		posed.bundle_length = (size_t)(t->at + t->used - posed.bundle);
	}
	put_char(t, 0);
	if (q->manager)
		put_string(t, q->manager);
	put_char(t, 0);
	if (!put_variables(t))
		return false;
	put_bytes(t, texts_of(c), texts_size(c));
	put_bytes(t, c->input.at, c->input.number);
	return !t->lost;
}

static void hash_name(void)
{
	const u8 *at = (const u8 *)&posed.question;
	u64 hash = 14695981039346656037UL; /* FNV-1a */
	struct text t = text_in(posed.name, sizeof(posed.name));

	for (size_t i = 0; i < sizeof(posed.question); i++)
		hash = (hash ^ at[i]) * 1099511628211UL;
	for (u32 i = 0; i < posed.question.size; i++)
		hash = (hash ^ (u8)posed.without[i]) * 1099511628211UL;
	put_unsigned(&t, hash, 16, 16);
	put_char(&t, 0);
}

static void put_boot(char *boot)
{
	long fd = sys(openat, AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	sys(read, fd, boot, BOOT_SIZE);
	sys(close, fd);
}

bool put_start(const struct request *q, const struct compiler *c)
{
	struct asked *u = &posed.question;
	struct text t;
	long at;

	if (c->input.kind != GIVEN_BYTES || c->input.number > AGAIN_TEXT_LIMIT)
		return false;
	at = sys(mmap, 0, 2 * AGAIN_TEXT_LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (is_error(at))
		return false;
	sys(madvise, at, 2 * AGAIN_TEXT_LIMIT, MADV_DONTFORK); /* init has no use for it */
	t = text_in((void *)at, AGAIN_TEXT_LIMIT);
	posed.without = (char *)at + AGAIN_TEXT_LIMIT;
	u->options = q->options;
	u->systemd = q->systemd;
	put_boot(u->boot);
	if (!put_asker(&u->asker, c) || !put_texts(q, c, &t) || !take_names(&posed.names, t.at, t.used, posed.without))
		return false;
	u->size = (u32)t.used;
	hash_name();
	return true;
}

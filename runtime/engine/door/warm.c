/*
 * The warm way: the request goes to a compiler that runs as a service (docs/compiler-service.md). Whatever is wrong with it, or takes it too long, is not told but in
 * --debug: then a compiler is started.
 */
#include <linux/prctl.h>

#include "compiler.h"

#define SOCK_NONBLOCK O_NONBLOCK
#define SOL_SOCKET 1
#define SO_PEERCRED 17
#define PATH_SIZE 108
#define MILLISECOND 1000000

struct unix_address {
	u16 family;
	char path[PATH_SIZE];
};

static bool cold(const struct request *q, const char *why)
{
	struct text t = text_in(scratch_part(0, LINE_SIZE), LINE_SIZE);

	if (!q->debug)
		return false;
	put_string(&t, "the compiler's service was not used: ");
	put_string(&t, why);
	hold_warning(t.at, t.used);
	return false;
}

static void patience(struct compiler *c, u32 milliseconds)
{
	c->left = (struct __kernel_timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * MILLISECOND};
}

/* NULL: connected. Whoever listens is the caller's own user: nobody else can be asked what root is to do. */
static const char *reach(struct compiler *c)
{
	struct unix_address address = {.family = AF_UNIX};
	struct text t = text_in(address.path, PATH_SIZE);
	struct {
		int pid;
		u32 uid, gid;
	} peer;
	int size = sizeof(peer);

	if (!usual_root(&t))
		return "there is no directory for its socket";
	put_string(&t, "/" SERVICE_SOCKET);
	put_char(&t, 0);
	if (t.lost)
		return "the path of its socket is too long";
	c->socket = (int)sys(socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | O_CLOEXEC, 0);
	if (c->socket < 0)
		return "no socket can be had";
	if (sys(connect, c->socket, &address, sizeof(address.family) + t.used))
		return "nobody listens";
	if (sys(getsockopt, c->socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid != (u32)sys(geteuid))
		return "another user listens";
	return NULL;
}

/* NULL: there is a whole answer. */
static const char *ask(struct request *q, struct compiler *c, struct answer_header *h, const char **texts)
{
	long left = SERVICE_MOST_MS, waited;

	patience(c, SERVICE_FIRST_MS);
	send_request(c);
	while (left > 0) {
		switch (read_answer(q, c, h, texts)) {
		case WHOLE:
			/* The service has looked before it said anything. */
			if (process.sealed)
				sys(prctl, PR_SET_DUMPABLE, 0);
			break;
		case SENSELESS:
			return "its answer makes no sense";
		case NO_ROOM:
			return "there is no room for its answer";
		default:
			return "it does not answer";
		}
		if (h->kind == ANSWER_REPORT || h->kind == ANSWER_PROGRAM)
			return NULL;
		if (h->kind != ANSWER_WAIT)
			return h->kind == ANSWER_COLD && h->message_length ? *texts + h->out_length : "its answer makes no sense";
		/* What is said faster than agreed does not make it longer. */
		waited = SERVICE_NEXT_MS - c->left.tv_sec * 1000 - c->left.tv_nsec / MILLISECOND;
		left -= waited > SERVICE_BEAT_MS ? waited : SERVICE_BEAT_MS;
		patience(c, SERVICE_NEXT_MS);
	}
	return "it takes too long";
}

bool ask_service(struct request *q, struct compiler *c, struct answer_header *h, const char **texts)
{
	struct value values[PARAMETER_COUNT];
	bool shown = process.sealed && sys(geteuid);
	const char *why;

	if (!q->command || !q->command->warm)
		return false;
	if (c->request->size > SERVICE_REQUEST_LIMIT)
		return cold(q, "the request is too large");
	memcpy(values, q->values, sizeof(values));
	/*
	 * The service looks in /proc who asks, and the kernel shows that to other processes of the same user only of one that is dumpable. There is nothing to hide
	 * yet: no container has been entered, and the copy in memory is sealed. Root's has CAP_SYS_PTRACE and sees it in any case.
	 */
	if (shown)
		sys(prctl, PR_SET_DUMPABLE, 1);
	why = reach(c);
	if (!why)
		why = ask(q, c, h, texts);
	if (shown)
		sys(prctl, PR_SET_DUMPABLE, 0);
	if (!why)
		return true;
	memcpy(q->values, values, sizeof(values));
	if (c->socket >= 0)
		sys(close, c->socket);
	if (c->program >= 0)
		sys(close, c->program);
	return cold(q, why);
}

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

int connect_service(const char **why)
{
	struct unix_address address = {.family = AF_UNIX};
	struct text t = text_in(address.path, PATH_SIZE);
	const char *reason = NULL;
	int fd = -1;
	long error;

	if (!usual_root(&t))
		reason = "there is no directory for its socket";
	put_string(&t, "/" SERVICE_SOCKET);
	put_char(&t, 0);
	if (t.lost)
		reason = "the path of its socket is too long";
	if (!reason && (fd = (int)sys(socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | O_CLOEXEC, 0)) < 0)
		reason = "no socket can be had";
	if (!reason && (error = sys(connect, fd, &address, sizeof(address.family) + t.used))) {
		reason = error == -EAGAIN ? "too many wait to be heard" : "nobody listens";
		sys(close, fd);
	}
	if (why)
		*why = reason;
	return reason ? -1 : fd;
}

/* Whoever listens is the caller's own user: nobody else can be asked what root is to do. */
static bool is_own(int socket)
{
	struct {
		int pid;
		u32 uid, gid;
	} peer;
	int size = sizeof(peer);

	return !sys(getsockopt, socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == (u32)sys(geteuid);
}

static void show(struct compiler *c, bool shown)
{
	if (c->shown != shown)
		sys(prctl, PR_SET_DUMPABLE, shown);
	c->shown = shown;
}

/*
 * Before the request is made: waking the service up, and what it looks at, takes as long as that. It looks in /proc who asks, and the kernel shows that to other
 * processes of the same user only of one that is dumpable. There is nothing to hide yet: no container has been entered, and the copy in memory is sealed. Root's has
 * CAP_SYS_PTRACE and sees it in any case.
 */
void reach_service(const struct request *q, struct compiler *c)
{
	if (!q->command || !q->command->warm)
		return;
	show(c, process.sealed && sys(geteuid));
	c->socket = process.service;
	process.service = -1;
	if (c->socket < 0)
		c->socket = connect_service(&c->cold);
	if (c->socket >= 0 && !is_own(c->socket))
		c->cold = "another user listens";
}

/* NULL: there is a whole answer. */
static const char *ask(struct request *q, struct compiler *c, struct answer_header *h, const char **texts)
{
	long left = SERVICE_MOST_MS, waited;

	patience(c, SERVICE_FIRST_MS);
	send_request(c);
	if (q->command->joins)
		make_room(c, q->command->input != INPUT_BUNDLE);
	while (left > 0) {
		switch (read_answer(q, c, h, texts)) {
		case WHOLE:
			/* The service has looked before it said anything. */
			show(c, false);
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

	if (!q->command || !q->command->warm)
		return false;
	memcpy(values, q->values, sizeof(values));
	if (!c->cold && c->request->size > SERVICE_REQUEST_LIMIT)
		c->cold = "the request is too large";
	if (!c->cold)
		c->cold = ask(q, c, h, texts);
	show(c, false);
	/* It was not needed, or an image was begun. */
	if (c->room || c->cold)
		drop_room(c);
	if (!c->cold)
		return true;
	memcpy(q->values, values, sizeof(values));
	if (c->socket >= 0)
		sys(close, c->socket);
	return cold(q, c->cold);
}

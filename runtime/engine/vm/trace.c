/* Only in the debug build: stop before a step, or show each. */
#include "vm.h"

#define SIGKILL 9

static bool tracing;
static const char *stop_track;
static u32 stop_at;

/* Show the steps; kill the process of the track TRACK (the beginning of `stop`, up to a colon) before its N-th step. */
void debug_watch(bool show, const char *stop, u32 step)
{
	tracing = show;
	stop_track = stop;
	stop_at = step;
}

static bool is_track(const struct program *p, u32 track)
{
	const char *name = p->text + p->tracks[track].name;
	size_t length = strlen(name);

	return strlen(stop_track) > length && !memcmp(stop_track, name, length) && stop_track[length] == ':';
}

void debug_step(struct run *r, const struct step *s)
{
	(void)s;
	if (++r->executed != stop_at || !is_track(r->program, r->track))
		return;
	sys(kill, sys(getpid), SIGKILL);
	/* The first process of a pid namespace cannot be killed from inside it. */
	for (;;)
		sys(exit_group, 128 + SIGKILL);
}

void debug_result(const struct run *r, const struct step *s, int error, i64 result)
{
	char line[160];
	struct text t = text_in(line, sizeof(line));

	if (!tracing)
		return;
	put_string(&t, r->program->text + r->program->tracks[r->track].name);
	put_char(&t, ' ');
	put_decimal(&t, r->step);
	put_char(&t, ' ');
	put_string(&t, s->op == OP_SYSCALL ? call_names[s->aux] : op_names[s->op]);
	put_string(&t, error ? " failed: " : " = ");
	if (error)
		put_errno(&t, error);
	else
		put_decimal(&t, result);
	put_char(&t, '\n');
	sys(write, 2, t.at, t.used);
}

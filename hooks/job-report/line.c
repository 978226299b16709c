/* The report as one line of JSON. */
#include "report.h"

#define ARGS_MOST (64u << 10)

static void put_member(struct text *t, const char *name)
{
	put_string(t, t->used > 1 && t->at[t->used - 1] != '{' ? ",\"" : "\"");
	put_string(t, name);
	put_string(t, "\":");
}

static void put_quoted(struct text *t, const char *value)
{
	size_t length;

	if (!value) {
		put_string(t, "null");
		return;
	}
	length = strlen(value);
	put_char(t, '"');
	put_json(t, value, length < NAME_MOST ? length : NAME_MOST);
	put_char(t, '"');
}

static void put_text_member(struct text *t, const char *name, const char *value)
{
	put_member(t, name);
	put_quoted(t, value);
}

static void put_moment_member(struct text *t, const char *name, struct moment moment)
{
	put_member(t, name);
	if (!moment.real) {
		put_string(t, "null");
		return;
	}
	put_char(t, '"');
	put_time(t, (i64)(moment.real / 1000000000), (i64)(moment.real % 1000000000), true);
	put_char(t, '"');
}

void put_seconds(struct text *t, u64 microseconds)
{
	put_unsigned(t, microseconds / 1000000, 10, 1);
	put_char(t, '.');
	put_unsigned(t, microseconds % 1000000, 10, 6);
}

static void put_number_member(struct text *t, const char *name, i64 value)
{
	put_member(t, name);
	put_decimal(t, value);
}

static void put_seconds_member(struct text *t, const char *name, i64 microseconds)
{
	put_member(t, name);
	if (microseconds < 0)
		put_string(t, "null");
	else
		put_seconds(t, (u64)microseconds);
}

u64 lasted(const struct job *job)
{
	u64 from = job->started.boot && job->started.boot <= job->ended.boot ? job->started.boot : job->created.boot;

	return (job->ended.boot - from) / 1000;
}

static void put_args(struct text *t, const struct job *job)
{
	const char *inside = NULL;
	struct json one;
	size_t before = t->used;
	bool first = true;

	put_char(t, '[');
	while ((one = next_in(job->args, &inside, NULL)).at) {
		if (t->used - before > ARGS_MOST) {
			put_string(t, ",\"...\"");
			break;
		}
		if (!first)
			put_char(t, ',');
		first = false;
		put_quoted(t, text_of(one));
	}
	put_char(t, ']');
}

static void put_exit(struct text *t, const struct job *job)
{
	if (!job->exit_known) {
		put_string(t, "null");
		return;
	}
	put_string(t, job->wait_status & 0x7f ? "{\"signal\":" : "{\"code\":");
	put_decimal(t, job->wait_status & 0x7f ? job->wait_status & 0x7f : job->wait_status >> 8 & 0xff);
	put_char(t, '}');
}

void put_line(struct text *t, const struct job *job)
{
	put_char(t, '{');
	put_number_member(t, "version", 1);
	put_text_member(t, "id", job->id);
	put_text_member(t, "name", job->name);
	put_text_member(t, "suite", job->suite);
	put_member(t, "args");
	put_args(t, job);
	put_text_member(t, "host", job->host);
	put_text_member(t, "runtime", job->runtime);
	put_text_member(t, "bundle", job->bundle);
	put_moment_member(t, "created", job->created);
	put_moment_member(t, "started", job->started);
	put_moment_member(t, "ended", job->ended);
	put_seconds_member(t, "seconds", (i64)lasted(job));
	put_member(t, "exit");
	put_exit(t, job);
	put_text_member(t, "tree", job->tree);
	put_text_member(t, "generation", job->generation);
	put_text_member(t, "digest", job->digest);
	put_text_member(t, "backEnd", job->back_end);
	put_member(t, "mounts");
	put_char(t, '{');
	put_number_member(t, "made", job->asked - (job->left_out > 0 ? job->left_out : 0));
	put_number_member(t, "leftOut", job->left_out > 0 ? job->left_out : 0);
	put_char(t, '}');
	put_member(t, "memory");
	if (job->memory_peak < 0) {
		put_string(t, "null");
	} else {
		put_char(t, '{');
		put_number_member(t, "peak", job->memory_peak);
		put_member(t, "sampled");
		put_string(t, job->sampled ? "true" : "false");
		put_char(t, '}');
	}
	put_member(t, "cpu");
	if (job->cpu < 0) {
		put_string(t, "null");
	} else {
		put_char(t, '{');
		put_seconds_member(t, "seconds", job->cpu);
		put_seconds_member(t, "user", job->cpu_user);
		put_seconds_member(t, "system", job->cpu_system);
		put_char(t, '}');
	}
	/* How long before the end memory and CPU time were read last. */
	put_seconds_member(t, "readBefore", job->read_at.boot && job->ended.boot > job->read_at.boot ? (i64)(job->ended.boot - job->read_at.boot) / 1000 : -1);
	put_string(t, "}\n");
}

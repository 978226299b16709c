/* The report as JUnit XML, as GitLab, Jenkins and the actions of GitHub read it. */
#include "report.h"

/* U+FFFE and U+FFFF are characters of UTF-8, but not of XML 1.0. */
static bool is_no_xml(const char *at, size_t left)
{
	return left >= 3 && (u8)at[0] == 0xef && (u8)at[1] == 0xbf && (u8)at[2] >= 0xbe;
}

/* What is no UTF-8, put_json() makes "?"; for most control characters XML 1.0 has no place at all. */
static void put_xml(struct text *t, const char *value)
{
	static char room[NAME_MOST * 6];
	struct text clean = text_in(room, sizeof(room));
	size_t length = strlen(value);

	put_json(&clean, value, length < NAME_MOST ? length : NAME_MOST);
	for (size_t i = 0; i < clean.used; i++) {
		u8 c = (u8)clean.at[i];

		if (c == '\\') {
			c = (u8)clean.at[++i];
			if (c == 'u') {
				i += 4;
				c = '?';
			} else if (c == 'n') {
				c = '\n';
			}
		} else if (is_no_xml(clean.at + i, clean.used - i)) {
			i += 2;
			c = '?';
		}
		if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\n') {
			put_string(t, "&#");
			put_unsigned(t, c, 10, 1);
			put_char(t, ';');
		} else {
			put_char(t, c == 0x7f ? '?' : (char)c);
		}
	}
}

static void put_attribute(struct text *t, const char *name, const char *value)
{
	put_char(t, ' ');
	put_string(t, name);
	put_string(t, "=\"");
	put_xml(t, value);
	put_char(t, '"');
}

static void put_property(struct text *t, const char *name, const char *value)
{
	if (!value)
		return;
	put_string(t, "      <property");
	put_attribute(t, "name", name);
	put_attribute(t, "value", value);
	put_string(t, "/>\n");
}

static const char *command_of(const struct job *job)
{
	static char room[NAME_MOST];
	struct text t = text_in(room, sizeof(room) - 1);
	const char *inside = NULL, *word;
	struct json one;

	while ((one = next_in(job->args, &inside, NULL)).at && !t.lost) {
		if (t.used)
			put_char(&t, ' ');
		word = text_of(one);
		put_string(&t, word ? word : "?");
	}
	end_in_dots(&t);
	put_char(&t, 0);
	return t.at;
}

static void put_time_attribute(struct text *t, const struct job *job)
{
	put_string(t, " time=\"");
	put_seconds(t, lasted(job));
	put_char(t, '"');
}

void put_junit(struct text *t, const struct job *job)
{
	const char *suite = job->suite ? job->suite : job->tree ? job->tree : job->host;
	bool failed = job->exit_known && job->wait_status;

	put_string(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite");
	put_attribute(t, "name", suite);
	put_string(t, " tests=\"1\" skipped=\"0\"");
	put_attribute(t, "failures", failed ? "1" : "0");
	put_attribute(t, "errors", job->exit_known ? "0" : "1");
	put_time_attribute(t, job);
	put_string(t, " timestamp=\"");
	put_time(t, (i64)(job->created.real / 1000000000), 0, false);
	t->used--; /* the schema has no zone */
	put_char(t, '"');
	put_attribute(t, "hostname", job->host);
	put_string(t, ">\n    <properties>\n");
	put_property(t, "id", job->id);
	put_property(t, "runtime", job->runtime);
	put_property(t, "tree", job->tree);
	put_property(t, "generation", job->generation);
	put_property(t, "digest", job->digest);
	put_property(t, "backEnd", job->back_end);
	put_property(t, "memory.peak", job->memory_peak < 0 ? NULL : decimal(job->memory_peak));
	put_property(t, "cpu.microseconds", job->cpu < 0 ? NULL : decimal(job->cpu));
	put_string(t, "    </properties>\n    <testcase");
	put_attribute(t, "classname", suite);
	put_attribute(t, "name", job->name ? job->name : command_of(job));
	put_time_attribute(t, job);
	put_string(t, ">\n");
	if (failed) {
		bool killed = job->wait_status & 0x7f;

		put_string(t, "      <failure");
		put_attribute(t, "message", joined(killed ? "ended by signal " : "exit code ",
						   decimal(killed ? job->wait_status & 0x7f : job->wait_status >> 8 & 0xff)));
		put_string(t, "/>\n");
	} else if (!job->exit_known) {
		put_string(t, "      <error message=\"exit status not known\"/>\n");
	}
	put_string(t, "    </testcase>\n  </testsuite>\n</testsuites>\n");
}

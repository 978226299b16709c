/* What a program failed with, in its own words. */
#include "vm.h"

/* Words that FAIL was given, as they were then: what is undone behind it may write others to the same place. */
static char said[8192];
static struct text words;

void keep_words(const char *text, size_t length)
{
	words = text_in(said, sizeof(said));
	put_bytes(&words, text, length);
	end_in_dots(&words);
}

void put_words(struct text *out)
{
	put_bytes(out, words.at, words.used);
}

void report_failure(const struct program *p)
{
	struct text t = text_in(REPORT_TEXT, REPORT_TEXT_SIZE);

	if (render_failure(p, &t))
		put_string(&t, "the launch program failed without words");
	put_warnings(&t);
	report(LEVEL_ERROR, t.at, t.used);
}

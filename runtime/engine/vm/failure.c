/* What a program failed with, in its own words. */
#include "vm.h"

void report_failure(const struct program *p)
{
	struct text t = text_in(REPORT_TEXT, REPORT_TEXT_SIZE);

	if (render_failure(p, &t))
		put_string(&t, "the launch program failed without words");
	put_warnings(&t);
	report(LEVEL_ERROR, t.at, t.used);
}

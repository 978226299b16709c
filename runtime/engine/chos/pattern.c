/* Patterns of names: `*` stands for any letters, `?` for one. */
#include "chos.h"

bool fits(const char *pattern, const char *text, size_t length)
{
	const char *end = text + length, *star = NULL, *from = NULL;

	while (text < end) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern && (*pattern == '?' || *pattern == *text)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

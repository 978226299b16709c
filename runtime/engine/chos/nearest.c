/* How far a misspelt name is from another (Levenshtein distance), upper and lower case being the same. */
#include "chos.h"

#define LONGEST 64

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

unsigned changes(const char *one, const char *other, unsigned most)
{
	unsigned row[LONGEST + 1];
	size_t width = strlen(other);

	if (width > LONGEST || strlen(one) > LONGEST)
		return most + 1;
	for (unsigned i = 0; i <= width; i++)
		row[i] = i;
	for (size_t y = 0; one[y]; y++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)y + 1;
		for (size_t x = 0; x < width; x++) {
			unsigned changed = diagonal + (lower(one[y]) != lower(other[x]));
			unsigned one_more = (row[x] < row[x + 1] ? row[x] : row[x + 1]) + 1;

			diagonal = row[x + 1];
			row[x + 1] = changed < one_more ? changed : one_more;
		}
	}
	return row[width] > most ? most + 1 : row[width];
}

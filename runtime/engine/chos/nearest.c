/* How far a misspelt name is from another: Levenshtein distance in which two letters that have changed places are one change (optimal string alignment), upper and lower case being the same. */
#include "chos.h"

#define LONGEST 64

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

unsigned changes(const char *one, const char *other, unsigned most)
{
	unsigned rows[3][LONGEST + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];
	size_t width = strlen(other);

	if (width > LONGEST || strlen(one) > LONGEST)
		return most + 1;
	for (unsigned i = 0; i <= width; i++)
		row[i] = i;
	for (size_t y = 0; one[y]; y++) {
		unsigned *oldest = before;

		before = above;
		above = row;
		row = oldest;
		row[0] = (unsigned)y + 1;
		for (size_t x = 0; x < width; x++) {
			char letter = lower(one[y]), its = lower(other[x]);
			unsigned fewest = above[x] + (letter != its);
			unsigned one_more = (row[x] < above[x + 1] ? row[x] : above[x + 1]) + 1;

			if (one_more < fewest)
				fewest = one_more;
			if (x && y && letter == lower(other[x - 1]) && its == lower(one[y - 1]) &&
			    before[x - 1] + 1 < fewest)
				fewest = before[x - 1] + 1;
			row[x + 1] = fewest;
		}
	}
	return row[width] > most ? most + 1 : row[width];
}

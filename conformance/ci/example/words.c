/* words FILE...: how many words each file has. */
#include <ctype.h>
#include <stdio.h>

static long words_of(FILE *file)
{
	long words = 0;
	int inside = 0;
	for (int letter; (letter = getc(file)) != EOF;) {
		int is_space = isspace(letter) != 0;
		words += !is_space && !inside;
		inside = !is_space;
	}
	return ferror(file) ? -1 : words;
}

int main(int count, char **names)
{
	for (int i = 1; i < count; i++) {
		FILE *file = fopen(names[i], "r");
		long words = file ? words_of(file) : -1;
		if (words < 0) {
			perror(names[i]);
			return 1;
		}
		fclose(file);
		printf("%ld %s\n", words, names[i]);
	}
	return 0;
}

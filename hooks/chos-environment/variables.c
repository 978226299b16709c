/* The variables of a tree, as a launch by chos-runtime has them: before those of config.json, which replace what has the same name. */
#include "environment.h"

static size_t length_of_name(const char *variable)
{
	size_t length = 0;

	while (variable[length] && variable[length] != '=')
		length++;
	return variable[length] ? length : 0;
}

static bool has_variable(struct json list, const char *variable)
{
	const char *inside = NULL, *there;
	size_t length = length_of_name(variable) + 1;
	struct json one;

	while ((one = next_in(list, &inside, NULL)).at)
		if ((there = text_of(one)) && strlen(there) >= length && !memcmp(there, variable, length))
			return true;
	return false;
}

/* The latest of a name, as in the registry's own order. */
static bool comes_again(const char *inside, struct json list, const char *variable)
{
	struct json one;
	const char *text;
	size_t length = length_of_name(variable) + 1;

	while ((one = next_in(list, &inside, NULL)).at)
		if ((text = text_of(one)) && strlen(text) >= length && !memcmp(text, variable, length))
			return true;
	return false;
}

void add_variables(struct json config, const char *tree)
{
	static struct list added;
	struct json list = member(registered_tree(tree), "env"), inner = member(config, "process"), one;
	const char *inside = NULL, *text;

	if (list.at && kind_of(list) != '[')
		fail("the registry: \"env\" of the tree ", tree, " is no list");
	while ((one = next_in(list, &inside, NULL)).at) {
		text = text_of(one);
		if (!text || !length_of_name(text))
			fail("the registry: an entry of \"env\" of the tree ", tree, " is not NAME=VALUE");
		if (!has_variable(member(inner, "env"), text) && !comes_again(inside, list, text))
			collect(&added, quoted(text));
	}
	if (added.count && kind_of(inner) != '{')
		fail("config.json has no \"process\"");
	add_list(inner, "env", &added);
}

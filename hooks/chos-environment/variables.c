/* The variables of a tree, as a launch by chos-runtime has them: before those of config.json, which replace what has the same name. */
#include "environment.h"

static size_t length_of_name(const char *variable)
{
	size_t length = 0;

	while (variable[length] && variable[length] != '=')
		length++;
	return variable[length] ? length : 0;
}

/* inside: behind which of the list, or NULL. All of a large list for each of the other's would be more than the memory holds. */
static bool has_variable(struct json list, const char *inside, const char *variable)
{
	size_t length = length_of_name(variable) + 1, used = room_used();
	struct json one;
	const char *text;
	bool found = false;

	while (!found && (one = next_in(list, &inside, NULL)).at) {
		text = text_of(one);
		found = text && strlen(text) >= length && !memcmp(text, variable, length);
		give_back_to(used);
	}
	return found;
}

void add_variables(struct json config, const char *tree)
{
	static struct list added;
	struct json list = member(registered_tree(tree), "env"), inner = member(config, "process"), there = member(inner, "env"), one;
	const char *inside = NULL, *text;

	if (list.at && kind_of(list) != '[')
		fail("the registry: \"env\" of the tree ", tree, " is no list");
	while ((one = next_in(list, &inside, NULL)).at) {
		text = text_of(one);
		if (!text || !length_of_name(text))
			fail("the registry: an entry of \"env\" of the tree ", tree, " is not NAME=VALUE");
		/* The latest of a name, as in the registry's own order. */
		if (!has_variable(there, NULL, text) && !has_variable(list, inside, text))
			collect(&added, quoted(text));
	}
	if (added.count && kind_of(inner) != '{')
		fail("config.json has no \"process\"");
	add_list(inner, "env", &added);
}

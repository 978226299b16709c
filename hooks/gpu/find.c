/* Finding a device by its name, vendor/class=name, in the directories of specifications. */
#include "gpu.h"

struct search {
	const char *kind, *name;
	struct found found;
	bool twice;
};

static void look(struct json file, const char *path, void *context)
{
	struct search *search = context;
	const char *kind = text_of(member(file, "kind")), *inside = NULL, *name;
	struct json device;

	if (!kind || !equal(kind, search->kind))
		return;
	if (!text_of(member(file, "cdiVersion")))
		fail(path, ": it has no cdiVersion");
	while ((device = next_in(member(file, "devices"), &inside, NULL)).at) {
		name = text_of(member(device, "name"));
		if (!name || !equal(name, search->name))
			continue;
		search->twice = search->found.path != NULL;
		search->found.device = member(device, "containerEdits");
		search->found.kind = member(file, "containerEdits");
		search->found.path = path;
	}
}

/* Later directories win (/var/run/cdi is made at boot, /etc/cdi by hand); two specifications in one directory do not. */
struct found find_device(struct json settings, const char *wanted)
{
	struct search search = {.kind = joined(wanted, "")};
	struct json list = setting_list(settings, "directories"), one;
	struct found best = {.path = NULL};
	const char *inside = NULL, *shown = "", *directory;
	char *split = (char *)search.kind;

	while (*split && *split != '=')
		split++;
	if (!*split || split == search.kind || !split[1])
		fail("\"", wanted, "\" is no name of a device, such as vendor.com/gpu=0");
	*split = 0;
	search.name = split + 1;
	if (!list.at)
		list = parse_json((struct bytes){(char *)"[\"/etc/cdi\",\"/var/run/cdi\"]", 27}, "directories");
	while ((one = next_in(list, &inside, NULL)).at) {
		directory = text_of(one);
		if (!directory || *directory != '/')
			fail("settings: \"directories\" holds what is no absolute path");
		shown = joined(shown, *shown ? ", " : "", directory);
		search.found.path = NULL;
		search.twice = false;
		each_json_file(directory, look, &search);
		if (search.twice)
			fail(wanted, " is in two specifications in ", directory, ": ", search.found.path, " and another");
		if (search.found.path)
			best = search.found;
	}
	if (!best.path)
		fail("no specification in ", shown, " has the device ", wanted, " (files *.json are read)");
	return best;
}

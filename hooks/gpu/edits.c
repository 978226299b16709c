/* From the words of a CDI specification to those of config.json. */
#include "gpu.h"

static struct list devices, rules, mounts, variables, groups, hooks[6];

static const char *hook_kind(unsigned i)
{
	switch (i) {
	case 0:
		return "prestart";
	case 1:
		return "createRuntime";
	case 2:
		return "createContainer";
	case 3:
		return "startContainer";
	case 4:
		return "poststart";
	default:
		return "poststop";
	}
}

static const char *raw(struct json value)
{
	size_t length = (size_t)(value.end - value.at);
	char *copy = room_for(length + 1);

	memcpy(copy, value.at, length);
	copy[length] = 0;
	return copy;
}

/* `,"name":VALUE` as it stands, or nothing. */
static const char *copied(struct json object, const char *name)
{
	struct json value = member(object, name);

	return value.at ? joined(",\"", name, "\":", raw(value)) : "";
}

static const char *needed(struct json object, const char *name, const char *what, const char *path)
{
	const char *text = text_of(member(object, name));

	if (!text || !*text)
		fail(path, ": ", what, " has no \"", name, "\"");
	return text;
}

static bool has_entry(struct json list, const char *key, const char *wanted)
{
	const char *inside = NULL, *text;
	struct json one;

	while ((one = next_in(list, &inside, NULL)).at)
		if ((text = text_of(key ? member(one, key) : one)) && equal(text, wanted))
			return true;
	return false;
}

/* Type and numbers are those of the host's device, unless the specification says otherwise. */
static void add_node(struct json config, struct json node, const char *path)
{
	const char *at = needed(node, "path", "a device", path), *host = text_of(member(node, "hostPath"));
	const char *type = text_of(member(node, "type")), *access = text_of(member(node, "permissions")), *numbers;
	i64 major = -1, minor = -1;
	struct statx st;
	long error;

	host = host ? host : at;
	error = sys(statx, AT_FDCWD, host, 0, STATX_TYPE, &st);
	if (error)
		fail_errno(error, "look at the device ", host, " of ", path);
	if ((st.stx_mode & S_IFMT) != S_IFCHR && (st.stx_mode & S_IFMT) != S_IFBLK)
		fail(host, " is no device (", path, ")");
	if (!type || !*type)
		type = (st.stx_mode & S_IFMT) == S_IFCHR ? "c" : "b";
	if (!number_of(member(node, "major"), &major) || !major) {
		major = st.stx_rdev_major;
		minor = st.stx_rdev_minor;
	} else if (!number_of(member(node, "minor"), &minor)) {
		minor = 0;
	}
	numbers = joined("\"type\":", quoted(type), ",\"major\":", decimal(major), ",\"minor\":", decimal(minor));
	if (!has_entry(member(member(config, "linux"), "devices"), "path", at))
		collect(&devices, joined("{\"path\":", quoted(at), ",", numbers, copied(node, "fileMode"), copied(node, "uid"), copied(node, "gid"), "}"));
	collect(&rules, joined("{\"allow\":true,", numbers, ",\"access\":", quoted(access && *access ? access : "rwm"), "}"));
}

static void add_mount(struct json mount, const char *path)
{
	const char *source = needed(mount, "hostPath", "a mount", path), *target = needed(mount, "containerPath", "a mount", path);
	const char *type = text_of(member(mount, "type")), *options = copied(mount, "options");
	struct statx st;
	long error = sys(statx, AT_FDCWD, source, 0, STATX_TYPE, &st);

	if (error)
		fail_errno(error, "look at ", source, " of ", path);
	collect(&mounts, joined("{\"destination\":", quoted(target), ",\"source\":", quoted(source), ",\"type\":", quoted(type && *type ? type : "bind"),
			      *options ? options : ",\"options\":[\"bind\",\"ro\",\"nosuid\",\"nodev\"]", "}"));
}

/* It replaces one of the same name: which of two counts is for each program to say. */
static void add_variable(struct json config, struct json variable, const char *path)
{
	struct json list = member(member(config, "process"), "env"), one;
	const char *text = text_of(variable), *inside = NULL, *entry;
	char *name;
	size_t length = 0;
	bool found = false;

	while (text && text[length] && text[length] != '=')
		length++;
	if (!text || !length || !text[length])
		fail(path, ": an entry of \"env\" is not NAME=VALUE");
	while ((one = next_in(list, &inside, NULL)).at) {
		const char *there = text_of(one);

		if (there && strlen(there) > length && !memcmp(there, text, length + 1)) {
			put_instead(one, quoted(text));
			found = true;
		}
	}
	if (found)
		return;
	entry = quoted(text);
	name = (char *)joined(text, "");
	name[length + 1] = 0;
	length = strlen(quoted(name)) - 1;
	for (unsigned i = 0; i < variables.count; i++)
		if (strlen(variables.entries[i]) > length && !memcmp(variables.entries[i], entry, length)) {
			variables.entries[i] = entry;
			return;
		}
	collect(&variables, entry);
}

/* A program of the vendor's would run as root at each start: only those that the site lists. */
static void add_program(struct json settings, struct json hook, const char *path)
{
	const char *name = needed(hook, "hookName", "a hook", path), *program = needed(hook, "path", "a hook", path);
	unsigned kind = 0;

	if (!has_entry(setting_list(settings, "programs"), NULL, program)) {
		if (setting_flag(settings, "skipPrograms", false))
			return;
		fail(path, " wants to run ", program, " (", name, "): list it in the setting \"programs\", or leave such out with \"skipPrograms\"");
	}
	while (kind < 6 && !equal(hook_kind(kind), name))
		kind++;
	if (kind == 6)
		fail(path, ": there are no hooks called \"", name, "\"");
	collect(&hooks[kind], joined("{\"path\":", quoted(program), copied(hook, "args"), copied(hook, "env"), copied(hook, "timeout"), "}"));
}

void apply(struct json config, struct json settings, struct json edits, const char *path)
{
	const char *inside = NULL;
	struct json one;

	while ((one = next_in(member(edits, "deviceNodes"), &inside, NULL)).at)
		add_node(config, one, path);
	for (inside = NULL; (one = next_in(member(edits, "mounts"), &inside, NULL)).at;)
		add_mount(one, path);
	for (inside = NULL; (one = next_in(member(edits, "env"), &inside, NULL)).at;)
		add_variable(config, one, path);
	for (inside = NULL; (one = next_in(member(edits, "hooks"), &inside, NULL)).at;)
		add_program(settings, one, path);
	for (inside = NULL; (one = next_in(member(edits, "additionalGids"), &inside, NULL)).at;)
		collect(&groups, raw(one));
	if (member(edits, "intelRdt").at || member(edits, "netDevices").at)
		fail(path, ": intelRdt and netDevices are not supported");
}

/* The members, NAME:VALUE each, of an object that may be missing. */
static void add_members(struct json parent, const char *name, const char *members)
{
	struct json there = member(parent, name);

	if (!*members)
		return;
	if (kind_of(there) == '{')
		add_into(there, members);
	else if (kind_of(there) == 'n')
		put_instead(there, joined("{", members, "}"));
	else if (there.at)
		fail("config.json: \"", name, "\" is no object");
	else
		add_into(parent, joined("\"", name, "\":{", members, "}"));
}

/* A list within an object, of which either may be missing. */
static const char *add_within(struct json object, const char *name, const struct list *list)
{
	if (member(object, name).at) {
		add_list(object, name, list);
		return "";
	}
	return list->count ? joined("\"", name, "\":", as_list(list)) : "";
}

void add_collected(struct json config)
{
	struct json container = member(config, "linux"), inner = member(config, "process"), programs = member(config, "hooks");
	const char *text = "", *one;

	if (kind_of(container) != '{' || kind_of(inner) != '{')
		fail("config.json has no \"linux\" or no \"process\"");
	add_list(container, "devices", &devices);
	add_members(container, "resources", add_within(member(container, "resources"), "devices", &rules));
	add_list(config, "mounts", &mounts);
	add_list(inner, "env", &variables);
	add_members(inner, "user", add_within(member(inner, "user"), "additionalGids", &groups));
	for (unsigned i = 0; i < 6; i++) {
		one = add_within(programs, hook_kind(i), &hooks[i]);
		text = *one ? joined(text, *text ? "," : "", one) : text;
	}
	add_members(config, "hooks", text);
}

/* What a hook is told: the state on stdin, the bundle, and the site's settings. */
#include "frame.h"

#define STATE_MOST (1u << 20)
#define CONFIG_MOST (16u << 20)
#define SETTINGS_MOST (1u << 20)
#define SETTINGS_DIRECTORY "/etc/chos-hooks.d"

/* A value of another kind is a fault of the caller, and better known than guessed. */
static const char *needed_text(struct json state, const char *name)
{
	const char *text = text_of(member(state, name));

	if (!text || !*text)
		fail("the state on stdin lacks \"", name, "\"");
	return text;
}

static struct state state_in(struct json whole)
{
	struct state state = {.whole = whole};

	if (kind_of(whole) != '{')
		fail("the state on stdin is not an object");
	state.id = needed_text(whole, "id");
	state.status = needed_text(whole, "status");
	state.bundle = needed_text(whole, "bundle");
	if (!number_of(member(whole, "pid"), &state.pid))
		state.pid = 0;
	state.annotations = member(whole, "annotations");
	return state;
}

static struct bytes read_stdin(size_t most)
{
	struct bytes bytes;
	long error;

	now_at("reading the state on stdin");
	error = read_all(0, most, &bytes);
	if (error == -EFBIG)
		fail("the state on stdin is larger than ", decimal((i64)(most >> 20)), " MiB");
	if (error)
		fail_errno(error, "read the state on stdin");
	return bytes;
}

struct state read_state(void)
{
	return state_in(parse_json(read_stdin(STATE_MOST), "the state on stdin"));
}

bool read_state_or_config(struct state *state, struct json *config)
{
	struct bytes bytes = read_stdin(CONFIG_MOST);
	bool is_large = bytes.size > STATE_MOST;

	if (is_large && *bytes.at != '{')
		fail("the state on stdin is larger than 1 MiB");
	*config = parse_json(bytes, "the state on stdin");
	/* A state has an id. */
	if (kind_of(*config) == '{' && !member(*config, "id").at && member(*config, "ociVersion").at) {
		fail_in_kernel_log_too();
		return true;
	}
	if (is_large)
		fail("the state on stdin is larger than 1 MiB");
	*state = state_in(*config);
	return false;
}

const char *annotation(const struct state *state, const char *name)
{
	return text_of(member(state->annotations, name));
}

struct json read_config_at(const char *path)
{
	struct bytes bytes;
	long error;

	now_at("reading config.json");
	error = read_path(AT_FDCWD, path, CONFIG_MOST, &bytes);
	if (error)
		fail_errno(error, "read ", path);
	return parse_json(bytes, path);
}

struct json read_config(const struct state *state)
{
	return read_config_at(joined(state->bundle, "/config.json"));
}

const char *option(const char *name)
{
	for (int i = 1; i < process.argc; i++) {
		const char *rest = after(process.argv[i], "--");

		if (!rest || !equal(rest, name))
			continue;
		if (i + 1 == process.argc)
			fail("--", name, " needs a value");
		return process.argv[i + 1];
	}
	return NULL;
}

static bool is_known(const char *known, const char *name)
{
	const char *rest;

	while (*known) {
		rest = after(known, name);
		if (rest && *rest == ' ')
			return true;
		while (*known++ != ' ')
			;
	}
	return false;
}

static void insist_on_known(struct json settings, const char *known, const char *path)
{
	const char *inside = NULL, *name = NULL;

	if (kind_of(settings) != '{')
		fail(path, ": it is not an object");
	while (next_in(settings, &inside, &name).at)
		if (!name || !is_known(known, name))
			fail(path, ": there is no setting \"", name ? name : "?", "\"");
}

struct json read_settings(const char *known)
{
	const char *given = option("settings"), *path = given;
	struct bytes bytes;
	struct json settings;
	long fd, error;

	now_at("reading its settings");
	if (!given) {
		fd = sys(openat, AT_FDCWD, SETTINGS_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd == -ENOENT)
			return (struct json){NULL, NULL};
		if (fd < 0)
			fail_errno(fd, "open " SETTINGS_DIRECTORY);
		insist_on_trusted(fd, SETTINGS_DIRECTORY, S_IFDIR);
		sys(close, fd);
		path = joined(SETTINGS_DIRECTORY "/", hook_name, ".json");
	}
	fd = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd == -ENOENT && !given)
		return (struct json){NULL, NULL};
	if (fd < 0)
		fail_errno(fd, "open ", path);
	insist_on_trusted(fd, path, S_IFREG);
	error = read_all(fd, SETTINGS_MOST, &bytes);
	sys(close, fd);
	if (error)
		fail_errno(error, "read ", path);
	settings = parse_json(bytes, path);
	insist_on_known(settings, known, path);
	return settings;
}

const char *setting_text(struct json settings, const char *name, const char *otherwise)
{
	struct json value = member(settings, name);
	const char *text = text_of(value);

	if (value.at && !text)
		fail("settings: \"", name, "\" is not a text");
	return text ? text : otherwise;
}

i64 setting_number(struct json settings, const char *name, i64 otherwise, i64 least, i64 most)
{
	struct json value = member(settings, name);
	i64 number = otherwise;

	if (value.at && (!number_of(value, &number) || number < least || number > most))
		fail("settings: \"", name, "\" is not a number from ", decimal(least), " to ", decimal(most));
	return number;
}

struct json setting_list(struct json settings, const char *name)
{
	struct json value = member(settings, name);

	if (value.at && kind_of(value) != '[')
		fail("settings: \"", name, "\" is not a list");
	return value;
}

bool setting_flag(struct json settings, const char *name, bool otherwise)
{
	char kind = kind_of(member(settings, name));

	if (kind && kind != 't' && kind != 'f')
		fail("settings: \"", name, "\" is not true or false");
	return kind ? kind == 't' : otherwise;
}

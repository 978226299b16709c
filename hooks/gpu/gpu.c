/*
 * The devices of a CDI specification for callers that do not do it themselves. It changes config.json before the runtime reads it: at the stage `precreate`
 * of Podman, or in a bundle (`--bundle DIR`). At `createRuntime` it would be too late: the rules for devices and the environment of the process are
 * made by then.
 */
#include "gpu.h"

const char hook_name[] = "gpu";
const unsigned hook_seconds = 10;

#define CONFIG_MOST (16u << 20)

static unsigned asked;

/* `nvidia.com/gpu=0,nvidia.com/gpu=1` */
static void add_devices(struct json config, struct json settings, const char *list)
{
	static const char *done[64];
	char *names = (char *)joined(list, ""), *next = names;

	while (next) {
		char *name = next;
		struct found found;
		bool seen = false;

		while (*next && *next != ',')
			next++;
		if (*next)
			*next++ = 0;
		else
			next = NULL;
		for (unsigned i = 0; i < asked; i++)
			seen |= equal(done[i], name);
		if (seen)
			continue;
		if (asked == 64)
			fail("more than 64 devices");
		done[asked++] = name;
		found = find_device(settings, name);
		apply(config, settings, found.kind, found.path);
		apply(config, settings, found.device, found.path);
	}
}

static void add_asked(struct json config, struct json settings)
{
	struct json annotations = member(config, "annotations"), value;
	const char *inside = NULL, *name = NULL, *text;

	while ((value = next_in(annotations, &inside, &name)).at)
		if (name && (equal(name, "org.chos.gpu") || after(name, "cdi.k8s.io/")) && (text = text_of(value)))
			add_devices(config, settings, text);
	if (asked)
		add_collected(config);
}

void run_hook(void)
{
	const char *bundle = option("bundle"), *path = bundle ? joined(bundle, "/config.json") : "stdin";
	struct json settings, config;
	struct bytes bytes;
	long error;

	if (!bundle)
		fail_in_kernel_log_too();
	settings = read_settings("directories programs skipPrograms ");
	now_at("reading config.json");
	error = bundle ? read_path(AT_FDCWD, path, CONFIG_MOST, &bytes) : read_all(0, CONFIG_MOST, &bytes);
	if (error)
		fail_errno(error, "read ", path);
	config = parse_json(bytes, path);
	if (member(config, "id").at && member(config, "bundle").at)
		fail("it changes config.json and belongs to the stage precreate, or: gpu --bundle DIR");
	if (kind_of(config) != '{' || !member(config, "ociVersion").at)
		fail(path, " is no config.json");
	now_at("looking for the devices");
	add_asked(config, settings);
	if (!bundle)
		print_edited(1, config);
	else if (asked)
		write_edited(config, path);
}

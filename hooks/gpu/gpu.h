/* Edits of a Container Device Interface specification (CNCF, 0.3.0 to 1.0.0), and the config.json that they go into. */
#pragma once
#include "frame.h"

/* find.c: the edits of a device, and those of its whole kind; fails if there is none. */
struct found {
	struct json device, kind;
	const char *path;
};
struct found find_device(struct json settings, const char *wanted);

/* edits.c */
void apply(struct json config, struct json settings, struct json edits, const char *path);
/* What apply() has collected goes into the text. */
void add_collected(struct json config);

/* The shares of a tree, from the mount namespace that holds them to the root of a container. */
#pragma once
#include "frame.h"

#define PINS "/run/chos-trees"

/* The two mount namespaces; both are entered, and left by nobody. */
struct place {
	long pins; /* the directory PINS, or an errno: nothing was ever prepared */
	const char *generation; /* NAME@N */
	long pin, theirs;
};

struct share {
	const char *path, *place; /* place: without symlinks, in the generation */
	long mount;
};
#define MOST_SHARES 1024
extern struct share shares[MOST_SHARES];
extern unsigned share_count;

/* generation.c: the name of a tree as part of file names (spec/records/names.ts). */
const char *file_name(const char *tree);
/* The newest generation of a tree, or of the skeleton, whose path counts as its name. False: there is none. `fits`: of those that do; NULL: all. */
bool find_generation(struct place *place, const char *name, bool (*fits)(i64 number));
/* Of the machine: after the next one nothing is as it was. */
const char *boot_id(void);
/* Its record, once the pin is open; again: the command that makes another one. Refused if it is not of this boot and this namespace. */
struct json open_pin(struct place *place, const char *again);
/* The same; the record is read into `shares`. */
void open_generation(struct place *place, const char *again);
void clone_shares(const struct place *place);
struct statx look_at(long fd, const char *what);
bool are_same(struct statx a, struct statx b);

/* attach.c */
void leave_to_config(struct json config);
/* Below the container's root, whatever links lead there; nothing is made in a tree. */
void attach_shares(const char *root, struct json config);

/* link.c: NULL: the container has the kernel's link, and the skeleton's shares are read. Else why not, and nothing has happened. */
const char *take_link(struct place *place, const char *tree, i64 pid);

/* variables.c: the registry's, into a config.json. */
void add_variables(struct json config, const char *tree);

/*
 * The PAM module (docs/login.md): the process that opens a session goes into the environment of the user. Which one that is, says a program of its own
 * (login/login.c); this has the rights, and does no more than enter.
 */
#pragma once
#include <pwd.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WORDS_SIZE 1024

/* options.c */
struct options {
	bool debug, required, refuse_unknown, defer;
	enum { WHOLE_SESSION, CLOSE_ONLY } part;
	unsigned seconds;
	uid_t least_uid;
	const char *exempt; /* "anna,@staff", or NULL */
};
void read_options(pam_handle_t *pamh, int argc, const char **argv, struct options *o);
bool is_exempt(pam_handle_t *pamh, const struct options *o, const struct passwd *user);

/* ask.c: `text` holds what the others point into. */
struct answer {
	char *text;
	size_t size;
	const char *tree; /* NULL: the host */
	const char *by, *pin, *inode, *link, *skeleton, *record;
	char words[WORDS_SIZE]; /* lines that the login program has said, or what is wrong; empty: nothing */
	bool unknown; /* there is no tree of that name */
};
/* False: there is no answer, and `words` has the reason. */
bool ask(pam_handle_t *pamh, const struct options *o, const struct passwd *user, struct answer *a);
/* The next of `env`, in turn; *at: NULL before the first. */
const char *next_variable(const struct answer *a, const char **at);

/* enter.c: where the process was, to go back. */
struct way {
	bool inside, linked;
	int namespace, root;
	ino_t inode; /* of `namespace`: somebody else may have closed it */
	dev_t root_device;
	ino_t root_inode;
};
/* False: nothing has changed, and `words` has the reason. */
bool enter(struct way *way, const struct answer *a, uid_t uid, char *words);
bool leave(struct way *way, char *words);
void forget_way(struct way *way);

/*
 * The PAM module (docs/login.md): the process that opens a session goes into the environment of the user. Which one that is, says a program of its own
 * (login/login.c); this has the rights, and does no more than enter.
 */
#pragma once
#include <pwd.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <sys/types.h>

#include "entrance.h"

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

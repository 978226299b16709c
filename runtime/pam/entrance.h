/* Which environment a user enters, and entering it: what the PAM module and the plugin for Slurm (runtime/slurm) have in common. */
#pragma once
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WORDS_SIZE 1024
#define MARK_SIZE 4500

/* ask.c: `text` holds what the others point into. */
struct answer {
	char *text;
	size_t size;
	const char *tree; /* NULL: the host */
	const char *by, *pin, *inode, *link, *skeleton, *record;
	char words[WORDS_SIZE]; /* lines that the login program has said, or what is wrong; empty: nothing */
	bool unknown; /* there is no tree of that name */
};
struct question {
	char **envp; /* of the session; NULL: there is no memory for it */
	bool refuse_unknown;
	unsigned seconds;
	/* Of the generation that CHOS in `envp` names, where it may be one of another machine; NULL: it is one of this. */
	const char *identity;
	bool refuse_foreign; /* of which nothing is known */
};
/* False: there is no answer, and `words` has the reason. */
bool ask(const struct question *q, const struct passwd *user, struct answer *a);
/* The next of `env`, in turn; *at: NULL before the first. */
const char *next_variable(const struct answer *a, const char **at);
/* `entry`: NAME=VALUE of the session. */
bool stays(const struct answer *a, const char *entry);

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
/* Of who is inside, NAME=VALUE; false: it is not known. */
bool write_mark(const struct answer *a, char mark[MARK_SIZE]);

/* The calls of PAM, and whom they tell what. */
#include <errno.h>
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modutil.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "pam_chos.h"

#define EXPORTED __attribute__((visibility("default")))
#define DATA "chos_session"
#define SEEN "chos_setcred"

/* Of one handle; a copy in each process that was forked since. */
struct session {
	struct options options;
	struct answer answer;
	struct way way;
	uid_t uid;
	bool waits; /* for pam_setcred */
};

static void end_session(pam_handle_t *pamh, void *data, int status)
{
	struct session *s = data;

	(void)pamh;
	(void)status;
	forget_way(&s->way);
	free(s->answer.text);
	free(s);
}

static struct session *session_of(pam_handle_t *pamh)
{
	const void *data;

	return pam_get_data(pamh, DATA, &data) == PAM_SUCCESS ? (struct session *)data : NULL;
}

/* One line in the log, and one for the user, if there is somebody who shows it. */
static void tell(pam_handle_t *pamh, int flags, const char *words, const char *then)
{
	pam_syslog(pamh, LOG_ERR, "%s%s", words, then);
	if (!((unsigned)flags & PAM_SILENT))
		pam_error(pamh, "pam_chos: %s%s", words, then);
}

static int fail(pam_handle_t *pamh, int flags, const struct session *s, const char *words)
{
	bool refused = s->options.required || (s->options.refuse_unknown && s->answer.unknown);

	tell(pamh, flags, words, refused ? "; no session" : "; the session is on the host");
	return refused ? PAM_SESSION_ERR : PAM_SUCCESS;
}

static void free_list(char **list)
{
	for (char **one = list; one && *one; one++)
		free(*one);
	free(list);
}

/* What PAM has is what the answer says: the registry's for the tree, without what it takes away. */
static bool set_environment(pam_handle_t *pamh, const struct answer *a)
{
	char **before = pam_getenvlist(pamh);
	const char *at = NULL, *entry;
	bool good = before;

	for (char **one = before; one && *one; one++) {
		if (!stays(a, *one)) {
			(*one)[strcspn(*one, "=")] = 0;
			good = pam_putenv(pamh, *one) == PAM_SUCCESS && good;
		}
	}
	free_list(before);
	while (good && (entry = next_variable(a, &at)))
		good = pam_putenv(pamh, entry) == PAM_SUCCESS;
	return good;
}

static int go_in(pam_handle_t *pamh, int flags, struct session *s)
{
	char words[WORDS_SIZE], mark[MARK_SIZE];
	bool deferred = s->waits;

	s->waits = false;
	if (!enter(&s->way, &s->answer, s->uid, words))
		return fail(pamh, flags, s, words);
	if (!set_environment(pamh, &s->answer))
		pam_syslog(pamh, LOG_ERR, "no memory for the environment");
	if (write_mark(&s->answer, mark))
		pam_putenv(pamh, mark);
	/* This process ends in there: nobody is to find the host's root in it. */
	if (deferred)
		forget_way(&s->way);
	return PAM_SUCCESS;
}

/* Its process that opens the session serves the user's: it makes terminals and writes down who is there, and has to do that on the host. */
static bool is_sshd(pam_handle_t *pamh)
{
	const void *service = NULL;

	return pam_get_item(pamh, PAM_SERVICE, &service) == PAM_SUCCESS && service && !strcmp(service, "sshd");
}

static int open_session(pam_handle_t *pamh, int flags, struct session *s)
{
	const void *seen;

	if (!s->answer.tree)
		return PAM_SUCCESS;
	if (s->options.debug)
		pam_syslog(pamh, LOG_DEBUG, "%s (%s), by %s", s->answer.tree, s->answer.by, s->answer.link ? s->answer.link : s->answer.pin);
	if (!s->options.defer && !is_sshd(pamh))
		return go_in(pamh, flags, s);
	s->waits = pam_get_data(pamh, SEEN, &seen) == PAM_SUCCESS;
	if (!s->waits)
		return fail(pamh, flags, s, "sshd, and the option defer, need a line \"auth optional pam_chos.so\" in the same file");
	return PAM_SUCCESS;
}

static bool ask_for(pam_handle_t *pamh, struct session *s, const struct passwd *user)
{
	struct question q = {.envp = pam_getenvlist(pamh), .refuse_unknown = s->options.refuse_unknown, .seconds = s->options.seconds};
	bool answered = ask(&q, user, &s->answer);

	free_list(q.envp);
	return answered;
}

static const struct passwd *user_of(pam_handle_t *pamh)
{
	const char *name;

	return pam_get_user(pamh, &name, NULL) == PAM_SUCCESS && name ? pam_modutil_getpwnam(pamh, name) : NULL;
}

EXPORTED int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct session *s = session_of(pamh);
	const struct passwd *user = user_of(pamh);

	/* Another line of the same service has done it. */
	if (s && (s->way.inside || s->waits))
		return PAM_SUCCESS;
	s = calloc(1, sizeof(*s));
	if (!s)
		return PAM_BUF_ERR;
	read_options(pamh, argc, argv, &s->options);
	s->way = (struct way){.namespace = -1, .root = -1};
	if (!user || s->options.part == CLOSE_ONLY || is_exempt(pamh, &s->options, user)) {
		end_session(pamh, s, 0);
		return user ? PAM_SUCCESS : PAM_USER_UNKNOWN;
	}
	s->uid = user->pw_uid;
	if (pam_set_data(pamh, DATA, s, end_session) != PAM_SUCCESS) {
		end_session(pamh, s, 0);
		return PAM_BUF_ERR;
	}
	if (geteuid())
		return fail(pamh, flags, s, "the program that opens the session is not root");
	if (!ask_for(pamh, s, user))
		return fail(pamh, flags, s, s->answer.words);
	if (*s->answer.words)
		tell(pamh, flags, s->answer.words, "");
	return open_session(pamh, flags, s);
}

EXPORTED int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct session *s = session_of(pamh);
	char words[WORDS_SIZE];

	(void)flags;
	(void)argc;
	(void)argv;
	if (s && s->way.inside && !leave(&s->way, words))
		pam_syslog(pamh, LOG_ERR, "%s", words);
	return PAM_SUCCESS;
}

static void nothing(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)data;
	(void)status;
}

EXPORTED int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}

/* sshd calls it once more in the process that is to be the user's, behind its last look at the host's groups. */
EXPORTED int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct session *s = session_of(pamh);

	(void)argc;
	(void)argv;
	pam_set_data(pamh, SEEN, (void *)"", nothing);
	if (!s || !s->waits || (unsigned)flags & PAM_DELETE_CRED)
		return PAM_IGNORE;
	if (geteuid())
		return fail(pamh, flags, s, "the program that takes the credentials is not root") == PAM_SUCCESS ? PAM_IGNORE : PAM_CRED_ERR;
	return go_in(pamh, flags, s) == PAM_SUCCESS ? PAM_SUCCESS : PAM_CRED_ERR;
}

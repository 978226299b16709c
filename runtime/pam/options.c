/* What stands behind pam_chos.so in /etc/pam.d. */
#include <ctype.h>
#include <limits.h>
#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modutil.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "pam_chos.h"

#define MOST_SECONDS 60

static bool number_of(const char *text, unsigned long most, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno && *number <= most;
}

static const char *value_of(const char *argument, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(argument, name, length) && argument[length] == '=' ? argument + length + 1 : NULL;
}

static bool take_value(const char *argument, struct options *o)
{
	const char *value;
	unsigned long number;

	if ((value = value_of(argument, "exempt")))
		o->exempt = value;
	else if ((value = value_of(argument, "unknown")) && (!strcmp(value, "default") || !strcmp(value, "refuse")))
		o->refuse_unknown = *value == 'r';
	else if ((value = value_of(argument, "minimum_uid")) && number_of(value, UINT_MAX, &number))
		o->least_uid = (uid_t)number;
	else if ((value = value_of(argument, "deadline")) && number_of(value, MOST_SECONDS, &number) && number)
		o->seconds = (unsigned)number;
	else
		return false;
	return true;
}

/* One that is not understood is told, and keeps nobody out. */
void read_options(pam_handle_t *pamh, int argc, const char **argv, struct options *o)
{
	*o = (struct options){.seconds = 3};
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], "debug"))
			o->debug = true;
		else if (!strcmp(argv[i], "required"))
			o->required = true;
		else if (!strcmp(argv[i], "defer"))
			o->defer = true;
		else if (!strcmp(argv[i], "close"))
			o->part = CLOSE_ONLY;
		else if (!take_value(argv[i], o))
			pam_syslog(pamh, LOG_ERR, "does not know the option %s", argv[i]);
}

static bool is_named(pam_handle_t *pamh, const char *entry, const struct passwd *user)
{
	return *entry == '@' ? pam_modutil_user_in_group_nam_nam(pamh, user->pw_name, entry + 1) == 1 : !strcmp(entry, user->pw_name);
}

/* Root always, so that somebody can mend what is wrong. */
bool is_exempt(pam_handle_t *pamh, const struct options *o, const struct passwd *user)
{
	char *list, *rest, *entry;
	bool found = !user->pw_uid || user->pw_uid < o->least_uid;

	if (found || !o->exempt)
		return found;
	list = strdup(o->exempt);
	for (entry = list ? strtok_r(list, ",", &rest) : NULL; entry && !found; entry = strtok_r(NULL, ",", &rest))
		found = is_named(pamh, entry, user);
	free(list);
	return found;
}

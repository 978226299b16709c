/* Where the state of containers is, if no argument says so. */
#include "door.h"

static bool owns(u32 uid, const char *path)
{
	struct statx st;

	return !sys(statx, AT_FDCWD, path, 0, STATX_UID, &st) && st.stx_uid == uid;
}

/*
 * /run is root's; to root of a user namespace it is somebody else's, as to any user, and then the directory of the session is taken: by its variable, or by its
 * usual name if it is the user's own (pam_systemd(8)). runtime/cli/state-root.ts has the same rule. False: there is none.
 */
bool usual_root(struct text *t)
{
	u32 uid = (u32)sys(geteuid);
	const char *named = variable(STATE_ROOT_VARIABLE);
	bool known = named && *named;

	if (!uid && owns(0, STATE_ROOT_PARENT)) {
		put_string(t, STATE_ROOT);
		return true;
	}
	if (known) {
		put_string(t, named);
	} else {
		put_string(t, STATE_ROOT_SESSIONS "/");
		put_decimal(t, uid);
		t->at[t->used] = 0;
		known = owns(uid, t->at);
	}
	put_string(t, "/" STATE_ROOT_NAME);
	return known;
}

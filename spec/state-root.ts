/** Where the states of containers are unless --root says otherwise; the front door and runtime/cli/state-root.ts have it from here. */
export const STATE_ROOT = '/run/chos-runtime';
/** Whose is this if not root's, is not root of the host. */
export const STATE_ROOT_PARENT = '/run';
/** For others than root: below the directory that this variable of the environment names. */
export const STATE_ROOT_VARIABLE = 'XDG_RUNTIME_DIR';
export const STATE_ROOT_NAME = 'chos-runtime';
/** Where that directory is, by the user's number, if the variable is not set (pam_systemd(8)). */
export const STATE_ROOT_SESSIONS = '/run/user';

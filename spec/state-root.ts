/** Where the states of containers are unless --root says otherwise; the front door and runtime/cli/state-root.ts have it from here. */
export const STATE_ROOT = '/run/chos-runtime';
/** For others than root: below the directory that this variable of the environment names. */
export const STATE_ROOT_VARIABLE = 'XDG_RUNTIME_DIR';
export const STATE_ROOT_NAME = 'chos-runtime';

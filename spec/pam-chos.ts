/** The options of pam_chos.so (docs/login.md): its manual page is made of them; what reads them is runtime/pam/options.c. */

export const pamOptions: readonly (readonly [option: string, about: string])[] = [
  [
    'required',
    'what is wrong (a registry that is broken, a tree that is gone) ends the login; without it the session goes on on the host, with one line for the user and one in the log',
  ],
  [
    'unknown=default',
    'a name that is not registered: the default of the registry, with a warning. This is what it does without the option',
  ],
  ['unknown=refuse', 'a name that is not registered ends the login'],
  [
    'exempt=NAME,@GROUP,...',
    'users and members of groups whose sessions stay on the host, as those of root always do',
  ],
  ['minimum_uid=N', 'so do those of users with a smaller number'],
  ['deadline=SECONDS', 'how long ~/.chos may take; 1 to 60, without the option 3'],
  [
    'defer',
    'enters with pam_setcred, not at once: for programs that call it last in the process that becomes the user. sshd does, and has this option always. Needs a line "auth optional pam_chos.so"',
  ],
  [
    'close',
    'does nothing when a session opens; when it closes, goes back to the host. For a line before all others, so that these close their part on the host',
  ],
  ['debug', 'a line in the log for each session: the tree, what has chosen it, and how it is entered'],
];

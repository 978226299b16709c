/** The command line of `chos` (docs/chos.md): its own --help, manual page and completion are made of it. */

export interface ChosForm {
  /** What stands behind the name of the command. */
  readonly usage: string;
  readonly about: string;
  /** The option in one letter. */
  readonly short?: string;
}

/** How it is called, most common first. */
export const chosForms: readonly ChosForm[] = [
  {
    usage: '[NAME] [--] [COMMAND [ARGUMENT...]]',
    about: 'work in a tree; without a command: the login shell',
  },
  { usage: '--list', about: 'the trees; * is the default', short: '-l' },
  { usage: '--which [NAME]', about: 'the tree that is chosen, and by what', short: '-w' },
  { usage: '--explain [NAME]', about: 'what it does to enter the tree (starts chos-runtime)', short: '-e' },
  { usage: '--set NAME', about: 'choose it from now on (~/.chos)', short: '-s' },
  { usage: '--help', about: 'this', short: '-h' },
  { usage: '--version', about: 'the version' },
  { usage: '/ [COMMAND [ARGUMENT...]]', about: 'leave the tree that this process has entered (exec chos /)' },
];

const width = Math.max(...chosForms.map(({ usage }) => usage.length));

const letters = chosForms.flatMap(({ short }) => short ?? []);

export const chosUsage = `${chosForms
  .map(({ usage, about }, i) => `${i === 0 ? 'usage:' : '      '} chos ${usage.padEnd(width)}  ${about}\n`)
  .join('')}${letters.slice(0, -1).join(', ')} and ${letters.at(-1)} are the same in one letter\n`;

export const chosExitCodes: readonly (readonly [code: string, meaning: string])[] = [
  ['125', 'chos itself failed: one line says why'],
  ['126', 'the command is there but cannot be executed'],
  ['127', 'the command is not there'],
];

export const chosVariables: readonly (readonly [name: string, meaning: string])[] = [
  [
    'CHOS',
    'the name of a tree, where the command line gives none; set for the command to the tree that it is in',
  ],
  [
    'CHOS_VIEW, CHOS_SESSION',
    'where chos, or a login by pam_chos, has entered a tree: by these chos inside knows that it is there. They say nothing elsewhere',
  ],
  [
    'HOME',
    'where .chos is, and where to go if the tree has not got the working directory; else that of passwd(5)',
  ],
  ['PATH', 'where the command is looked for, inside the tree'],
  ['SHELL', 'the login shell, where passwd(5) of the host says none'],
];

export const chosFiles: readonly (readonly [file: string, meaning: string])[] = [
  ['~/.chos', 'the name of a tree, in one line: what --set writes'],
  [
    '/etc/chos.conf of the tree',
    'for a login shell: the variables of the caller that stay, below %ENV; BASHLOGIN below %BEH starts bash -l instead of -bash. It takes variables away and nothing else',
  ],
  ['/run/chos/trees, /run/chos/entries', 'what chos-runtime tree prepare and tree load have written'],
  ['/run/chos-trees.public', 'the generations that this machine has, a file NAME@GENERATION for each'],
];

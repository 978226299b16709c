/** chos(1). */
import { chosExitCodes, chosFiles, chosForms } from '../chos-command.js';
import { escapeRoff } from './man.js';

const terms = (rows: readonly (readonly [string, string])[]): string =>
  rows.map(([term, about]) => `.TP\n\\fB${escapeRoff(term)}\\fR\n${escapeRoff(`${about}.`)}\n`).join('');

const description = [
  'Enters a tree, a directory with an operating system that root has prepared, and executes the command in it, in the same process: user, groups, terminal, signals, limits, working directory and exit code are those of the caller.',
  'The tree is the first that is said by: the argument, the variable CHOS, ~/.chos, the choices of the site for users, groups and hosts, the default of the registry. A name that is unknown ends it; no other tree is tried.',
  'Without a command it is the login shell of the user; where the tree has not got that, the shell that the registry has for the tree, with a warning.',
  'NAME@GENERATION is entered at login only (pam_chos(8)), as are trees whose registry demands the back end pinned; in such a login the command starts where it is, and no other tree is entered. The name / stands for the host.',
  'A working directory that the tree has not got becomes the home directory, or /, with a warning. The environment is that of the caller, with the variables that the registry has for the tree, and CHOS, the name of the tree.',
];

export function chosPage(version: string): string {
  return [
    `.TH "CHOS" "1" "" "chos\\-runtime ${version}" "User commands"\n.SH NAME\nchos \\- work in another operating system tree\n`,
    '.SH SYNOPSIS\n',
    ...chosForms.map(({ usage }) => `.PP\n\\fBchos\\fR ${escapeRoff(usage)}\n`),
    '.SH DESCRIPTION\n',
    ...description.map(text => `.PP\n${escapeRoff(text)}\n`),
    '.SH FORMS\n',
    terms(chosForms.map(({ usage, about }) => [usage, about])),
    '.SH EXIT STATUS\n.PP\nThat of the command, or:\n',
    terms(chosExitCodes),
    '.SH FILES\n',
    terms(chosFiles),
    '.SH SEE ALSO\n\\fBchos.d\\fR(5), \\fBchos\\-runtime\\-tree\\fR(8), \\fBpam_chos\\fR(8)\n',
  ].join('');
}

/** chos(1). */
import { chosExitCodes, chosFiles, chosForms, chosVariables } from '../chos-command.js';
import { escapeRoff } from './man.js';

const terms = (rows: readonly (readonly [string, string])[]): string =>
  rows.map(([term, about]) => `.TP\n\\fB${escapeRoff(term)}\\fR\n${escapeRoff(`${about}.`)}\n`).join('');

const description = [
  'Enters a tree, a directory with an operating system that root has prepared, and executes the command in it, in the same process: user, groups, terminal, signals, limits, working directory and exit code are those of the caller.',
  'The tree is the first that is said by: the argument, the variable CHOS, ~/.chos, the choices of the site for users, groups and hosts, the default of the registry. A name that is unknown ends it; no other tree is tried.',
  'Without a command it is the login shell of the user; where the tree has not got that, the shell that the registry has for the tree, with a warning.',
  'NAME@GENERATION is a mount namespace of root, which logins (pam_chos(8)) and jobs enter, as they do trees whose registry demands the back end pinned: chos says how. One that this machine has not got is refused, by --set too. In such a login, and in a tree that chos has entered, the command starts where it is, and no other tree is entered. The name / stands for the host.',
  'A working directory that the tree has not got becomes the home directory, or /, with a warning. The environment is that of the caller, with what the registry says of it (environment, chos.d(5)), and CHOS and CHOS_VIEW.',
];

const jobStarter = [
  'The same program, called chos-job-starter, is what a batch system starts in the place of a job: LSF as JOB_STARTER, Grid Engine as starter_method, TORQUE as $job_starter. Its arguments are the words of the job; the tree is the one that chos chooses without an argument, and where nobody chooses and the registry has no default, it is the host.',
  'For Grid Engine (SGE_STARTER_SHELL_START_MODE is set) the job is started as Grid Engine would have: by the shell in SGE_STARTER_SHELL_PATH, as a login shell if SGE_STARTER_USE_LOGIN_SHELL is true; by its first line with unix_behavior; as a command line or as it is, if it was submitted with -b y.',
];

export function chosPage(version: string): string {
  return [
    `.TH "CHOS" "1" "" "chos\\-runtime ${version}" "User commands"\n.SH NAME\nchos, chos\\-job\\-starter \\- work in another operating system tree\n`,
    '.SH SYNOPSIS\n',
    ...chosForms.map(({ usage }) => `.PP\n\\fBchos\\fR ${escapeRoff(usage)}\n`),
    '.SH DESCRIPTION\n',
    ...description.map(text => `.PP\n${escapeRoff(text)}\n`),
    '.SH FORMS\n',
    terms(
      chosForms.map(({ usage, about, short }) => [short === undefined ? usage : `${short}, ${usage}`, about]),
    ),
    '.SH JOB STARTER\n',
    '.PP\n\\fBchos\\-job\\-starter\\fR COMMAND [ARGUMENT...]\n',
    ...jobStarter.map(text => `.PP\n${escapeRoff(text)}\n`),
    '.SH EXIT STATUS\n.PP\nThat of the command, or:\n',
    terms(chosExitCodes),
    '.SH ENVIRONMENT\n',
    terms(chosVariables),
    '.SH FILES\n',
    terms(chosFiles),
    '.SH SEE ALSO\n\\fBchos.d\\fR(5), \\fBchos\\-runtime\\-tree\\fR(8), \\fBpam_chos\\fR(8)\n',
  ].join('');
}

/** pam_chos(8). */
import { pamOptions } from '../pam-chos.js';
import { escapeRoff } from './man.js';

const description = [
  'Puts the process that opens a session into the environment of the user, so that all that the session starts is there. Which one it is, is said by the first of: the variable CHOS of the PAM environment, ~/.chos, the choices of the site for users, groups and hosts, the default of the registry; as chos(1) has it, and NAME@GENERATION as well. The name / stands for the host.',
  "The environment is entered by the kernel's link where users enter the tree by it, else by the generation that root has prepared (chos-runtime tree prepare). The module sets CHOS, and what the registry has for the environment of the tree.",
  'Sessions of root stay on the host.',
];

const example = `# /etc/pam.d/sshd, behind @include common-auth
auth     optional  pam_chos.so
# at its end
session  required  pam_chos.so minimum_uid=1000

# /etc/pam.d/login and su, at their end
session  required  pam_chos.so minimum_uid=1000
`;

export function pamPage(version: string): string {
  return [
    `.TH "PAM_CHOS" "8" "" "chos\\-runtime ${version}" "System administration"\n`,
    '.SH NAME\npam_chos \\- log in to an operating system tree\n',
    '.SH SYNOPSIS\n.PP\n\\fBpam_chos.so\\fR [\\fIoption\\fR...]\n',
    '.SH DESCRIPTION\n',
    ...description.map(text => `.PP\n${escapeRoff(text)}\n`),
    '.SH OPTIONS\n',
    ...pamOptions.map(
      ([option, about]) => `.TP\n\\fB${escapeRoff(option)}\\fR\n${escapeRoff(`${about}.`)}\n`,
    ),
    '.SH MODULE TYPES\n.PP\nauth (pam_setcred only) and session.\n',
    '.SH RETURN VALUES\n',
    '.TP\n\\fBPAM_SUCCESS\\fR\nThe session is in its environment, or on the host.\n',
    '.TP\n\\fBPAM_SESSION_ERR\\fR, \\fBPAM_CRED_ERR\\fR\nOnly by the options required and unknown=refuse.\n',
    '.TP\n\\fBPAM_IGNORE\\fR\nOf an auth line that has nothing to do.\n',
    `.SH EXAMPLE\n.PP\n.nf\n${escapeRoff(example)}.fi\n`,
    '.SH FILES\n.TP\n/run/chos, /run/chos\\-trees\nWhat chos\\-runtime tree prepare has written.\n.TP\n~/.chos\nThe name of a tree, in one line.\n',
    '.SH SEE ALSO\n\\fBchos\\fR(1), \\fBchos\\-runtime\\-tree\\fR(8), \\fBpam.conf\\fR(5)\n',
  ].join('');
}

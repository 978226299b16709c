/** Who answers for systemd (unix(7), SO_PEERCRED): whoever has listened at the socket. A pid that is sent has to be that of the same process there. */
import { errnos } from '../../../../spec/errno.js';
import { TemplateField } from '../../../../spec/instructions.js';
import { SO_PEERCRED, SOL_SOCKET } from '../../../../spec/kernel.js';
import { when } from '../../../program/control.js';
import {
  buffer,
  field,
  label,
  type Slot,
  slot,
  struct,
  type Template,
  u32,
} from '../../../program/operand.js';
import { branch, failVerbatim, format, type Line, load, sys } from '../../../program/step.js';
import { answersForSomebody, answersFromElsewhere } from '../../../report/operations/systemd.js';

/** struct ucred: pid, uid, gid. */
const UCRED = { SIZE: 12, PID: 0, UID: 4 } as const;

/** Whoever has no uid in a user namespace (user_namespaces(7)). */
const OVERFLOW_UID = 65534;

/** `fd`: the connection. `mapped`: in a user namespace root, and others, may be nobody's uid. */
export function insistOnPeer(fd: Slot, mapped: boolean): readonly Line[] {
  const credentials = buffer('peer', UCRED.SIZE);
  const size = struct('peer_size', [u32(UCRED.SIZE)]);
  const words = buffer('peer_words', 256);
  const wordsSize = slot('peer_words_size');
  const [pid, uid, self] = [slot('peer_pid'), slot('peer_uid'), slot('peer_self')];
  const known = label('peer_is_known');
  const say = (errno: number, template: Template): readonly Line[] => [
    format(words, template, { to: wordsSize }),
    failVerbatim(errno, words, wordsSize),
  ];
  return [
    sys('getsockopt', [fd, SOL_SOCKET, SO_PEERCRED, credentials, size]),
    load(pid, 'U32', credentials, UCRED.PID),
    load(uid, 'U32', credentials, UCRED.UID),
    // It is not to be seen from here.
    ...when(pid, 'EQ', 0, say(errnos.ESRCH.number, answersFromElsewhere)),
    branch(uid, 'EQ', 0, known),
    ...(mapped ? [branch(uid, 'EQ', OVERFLOW_UID, known)] : []),
    sys('geteuid', [], { to: self }),
    branch(uid, 'EQ', self, known),
    ...say(errnos.EPERM.number, answersForSomebody(field(TemplateField.DECIMAL, uid))),
    known,
  ];
}

/** Who answers for systemd (unix(7), SO_PEERCRED): whoever has listened at the socket. */
import { SO_PEERCRED, SOL_SOCKET } from '../../../../spec/kernel.js';
import { buffer, label, type Slot, slot, struct, u32 } from '../../../program/operand.js';
import { branch, load, move, type Subroutine, subroutine, sys } from '../../../program/step.js';

/** struct ucred: pid, uid, gid. */
const UCRED = { SIZE: 12, PID: 0, UID: 4 } as const;

/** Whoever has no uid in a user namespace (user_namespaces(7)). */
const OVERFLOW_UID = 65534;

export interface Peer {
  /** 0: it is not to be seen from here. A pid that is sent has to be that of the same process there. */
  readonly pid: Slot;
  readonly uid: Slot;
  /** Not 0: neither root nor the caller. */
  readonly isStranger: Slot;
  readonly look: Subroutine;
}

/** `fd`: the connection. `mapped`: in a user namespace root, and others, may be nobody's uid. */
export function createPeer(fd: Slot, mapped: boolean): Peer {
  const credentials = buffer('peer', UCRED.SIZE);
  const size = struct('peer_size', [u32(UCRED.SIZE)]);
  const [pid, uid, self] = [slot('peer_pid'), slot('peer_uid'), slot('peer_self')];
  const isStranger = slot('peer_is_stranger');
  const known = label('peer_is_known');
  return {
    ...{ pid, uid, isStranger },
    look: subroutine('see_peer', [
      sys('getsockopt', [fd, SOL_SOCKET, SO_PEERCRED, credentials, size]),
      load(pid, 'U32', credentials, UCRED.PID),
      load(uid, 'U32', credentials, UCRED.UID),
      move(isStranger, 0),
      branch(uid, 'EQ', 0, known),
      ...(mapped ? [branch(uid, 'EQ', OVERFLOW_UID, known)] : []),
      sys('geteuid', [], { to: self }),
      branch(uid, 'EQ', self, known),
      move(isStranger, 1),
      known,
    ]),
  };
}

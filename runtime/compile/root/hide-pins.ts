/**
 * The place of the pins is in every copy of the host's mounts, and a recursive change of propagation makes it bindable there: whatever namespace we make from
 * the host's lets go of it before anything is bound.
 */
import { PINS } from '../../../spec/environment.js';
import { MNT_DETACH, UMOUNT_NOFOLLOW } from '../../../spec/kernel.js';
import { label, text } from '../../program/operand.js';
import { jump, type Line, sys } from '../../program/step.js';

/** Only in a namespace of our own from which nothing travels back: elsewhere the host's pins would go. */
export function hidePins(): readonly Line[] {
  const again = label('hide_again');
  const hidden = label('pins_hidden');
  return [
    again,
    sys('umount2', [text(PINS), MNT_DETACH | UMOUNT_NOFOLLOW], {
      on: [['EINVAL', 'ENOENT', 'ENOTDIR'], hidden],
    }),
    jump(again),
    hidden,
  ];
}

/** Devices that have to be there already, in a /dev that is somebody else's. */
import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, S_IFMT, STATX_BASIC_STATS, Statx } from '../../../spec/kernel.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import type { Action } from '../../program/action.js';
import { buffer, type Data, label, type Slot, slot, text } from '../../program/operand.js';
import { alu, branch, failVerbatim, jump, type Line, load, sys, warn } from '../../program/step.js';
import { deviceMissed } from '../../report/operations/root.js';
import { operation } from '../idioms/operation.js';
import type { Launch } from '../launch/launch.js';
import { configuredDevices, givenDev, isBelowDev } from './devices.js';
import { fileTypes } from './make-device.js';

/**
 * Host track: nothing is made in a /dev that is somebody else's, so what is asked for must be there, as on the host (`--device /dev/fuse`). Where
 * config.json binds a /dev itself, runc and crun make no devices either, and say nothing; then it is a warning.
 */
export function seeDevices(launch: Launch): readonly Action[] {
  const given = givenDev(launch);
  if (given === null) return [];
  const { hostPath, byConfig } = given;
  const look: Look = { stat: buffer('seen_device', 256), value: slot('seen_device_value') };
  return configuredDevices(launch)
    .filter(isBelowDev)
    .map(({ path, type, major, minor, because }) =>
      seeDevice(look, {
        kind: 'check-device',
        path,
        type,
        major,
        minor,
        in: hostPath,
        of: byConfig ? 'config' : 'host',
        because,
      }),
    );
}

/** Memory for looks at what is there. */
interface Look {
  readonly stat: Data;
  readonly value: Slot;
}

function seeDevice({ stat, value }: Look, does: OperationOf<'check-device'>): Action {
  const [missed, there] = [label('device_missed'), label('device_there')];
  const why = text(deviceMissed(does));
  const path = text(does.in + does.path.slice('/dev'.length));
  const numbers: readonly Line[] = [
    load(value, 'U32', stat, Statx.RDEV_MAJOR),
    branch(value, 'NE', does.major, missed),
    load(value, 'U32', stat, Statx.RDEV_MINOR),
    branch(value, 'NE', does.minor, missed),
  ];
  return operation(does, [
    sys('statx', [AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, stat], {
      on: [['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'], missed],
    }),
    load(value, 'U16', stat, Statx.MODE),
    alu(value, value, 'AND', S_IFMT),
    branch(value, 'NE', fileTypes[does.type], missed),
    ...(does.type === 'p' ? [] : numbers),
    jump(there),
    missed,
    does.of === 'config' ? warn(why, why.size - 1) : failVerbatim(errnos.ENODEV.number, why, why.size - 1),
    there,
  ]);
}

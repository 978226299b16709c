/**
 * The standard streams of a process of the container. What the caller has open there comes in as it is, with two exceptions: a device that the
 * container has too is replaced by the container's own (own-devices.ts), and a pipe or a file becomes the property of the process's user (SECURITY.md,
 * "What of the host a container can reach").
 */
import { anyErrno } from '../../../spec/errno.js';
import { hostIdOf } from '../../../spec/id-mappings.js';
import type { Id } from '../../../spec/ids.js';
import {
  AT_EMPTY_PATH,
  F_GETFL,
  O_ACCMODE,
  PIPEFS_MAGIC,
  S_IFIFO,
  S_IFREG,
  S_IFSOCK,
  STATX_BASIC_STATS,
  Statx,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { repeatWhile } from '../../program/control.js';
import { buffer, label, slot, text } from '../../program/operand.js';
import { alu, branch, jump, load, sys } from '../../program/step.js';
import { fileType } from '../idioms/file-type.js';
import { operation } from '../idioms/operation.js';
import type { ProcessLaunch } from '../launch/launch.js';

/**
 * The user of the process must be able to open /dev/stdout again: pipes, sockets and files that it may write to anyway become its own. What is open
 * for reading only does not: `exec --user 1000 ID cat </etc/shadow` would give the file away for ever. Nor do devices and directories. It is a
 * courtesy: a file system that has no owners, or does not let them be changed, stops nothing, whatever it says.
 */
export function ownStreams(uid: Id, because: ReturnType<ProcessLaunch['because']>): readonly Action[] {
  if (uid === 0) return [];
  const stat = buffer('stream_stat', 256);
  const stream = slot('stream');
  const value = slot('stream_value');
  const [pipe, file, own, next] = [
    label('stream_pipe'),
    label('stream_file'),
    label('stream_own'),
    label('stream_next'),
  ];
  const owner = slot('stream_owner');
  const tolerant = { on: [anyErrno, next] } as const;
  return [
    operation(
      { kind: 'own-streams', uid, because },
      repeatWhile(stream, 'LE', 2, [
        sys('statx', [stream, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat], tolerant),
        load(owner, 'U32', stat, Statx.UID),
        branch(owner, 'EQ', uid, next),
        ...fileType(stat, value),
        branch(value, 'EQ', S_IFSOCK, own),
        branch(value, 'EQ', S_IFIFO, pipe),
        branch(value, 'EQ', S_IFREG, file),
        jump(next),
        pipe,
        // One with a name in a directory is a file.
        sys('fstatfs', [stream, stat], tolerant),
        load(value, 'U64', stat),
        branch(value, 'EQ', PIPEFS_MAGIC, own),
        file,
        sys('fcntl', [stream, F_GETFL, 0], { to: value, ...tolerant }),
        alu(value, value, 'AND', O_ACCMODE),
        branch(value, 'EQ', 0, next),
        own,
        sys('fchown', [stream, uid, -1], tolerant),
        next,
        alu(stream, stream, 'ADD', 1),
      ]),
    ),
  ];
}

/** Into a user namespace: to the user of the process as the host knows it, by somebody who has the rights of the host. */
export function giveStreams({ config, process, because }: ProcessLaunch): readonly Action[] {
  const owner = hostIdOf(config.linux.uidMappings, process.user.uid);
  return owner === null ? [] : ownStreams(owner, because('process', 'user'));
}

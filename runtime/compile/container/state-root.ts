/**
 * The state root (--root), before anything of the container is made: ours, or made by us, and without a container of that id.
 */
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_EMPTY_PATH, AT_FDCWD, STATX_BASIC_STATS, Statx } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, when } from '../../program/control.js';
import { buffer, field, label, ref, type Slot, slot, text } from '../../program/operand.js';
import { alu, branch, fail, load, resolve, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';

/** Open it. The engine has made what is missing on the way, for its owner alone; where it could not, this tries once more, to tell why. */
function openRoot({ cells, open }: Launch, rootFd: Slot): Action {
  const slash = slot('slash_fd');
  const directory = open.RDONLY | open.DIRECTORY;
  return operation(
    { kind: 'open-state-root', because: rule('--root') },
    attempt(
      ['ENOENT'],
      missing => [
        sys('openat', [AT_FDCWD, ref(cells.root), directory | open.CLOEXEC, 0], { to: rootFd, ...missing }),
      ],
      [
        sys('openat', [AT_FDCWD, text('/'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: slash }),
        resolve(
          { root: slash, path: ref(cells.root), make: 'directories', mode: 0o700, flags: directory },
          { to: rootFd },
        ),
        sys('close', [slash]),
      ],
    ),
    { shown: [field(TemplateField.STRING, cells.root)] },
  );
}

/**
 * What lies in the state root is executed by later commands. The engine has looked at the way there; this is the directory itself, as it was opened
 * (docs/architecture.md, "Trust"): somebody else may have made it a moment ago.
 */
function insistOnTrust({ cells }: Launch, rootFd: Slot): Action {
  const stat = buffer('root_stat', 256);
  const uid = slot('root_uid');
  const mode = slot('root_mode');
  const self = slot('root_self');
  const bad = label('root_bad');
  return operation(
    { kind: 'check-state-root-owner', because: rule('trust') },
    [
      sys('statx', [rootFd, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
      load(uid, 'U32', stat, Statx.UID),
      load(mode, 'U16', stat, Statx.MODE),
      alu(mode, mode, 'AND', 0o7777),
      ...when(uid, 'NE', 0, [sys('geteuid', [], { to: self }), branch(uid, 'NE', self, bad)]),
      ...when(mode, 'ANY', 0o022, [bad, fail(errnos.EPERM.number)]),
    ],
    {
      shown: [
        field(TemplateField.STRING, cells.root),
        field(TemplateField.DECIMAL, uid),
        field(TemplateField.OCTAL, mode),
      ],
    },
  );
}

/** A look, so that this is the first thing that is said of a used id; mkdir decides. */
function insistOnNew({ cells }: Launch, rootFd: Slot): Action {
  return operation(
    { kind: 'check-id-is-new', because: rule('container id') },
    ignoring(['ENOENT'], free => [
      sys('faccessat2', [rootFd, ref(cells.id), 0, 0], free),
      fail(errnos.EEXIST.number),
    ]),
    { shown: [field(TemplateField.STRING, cells.id)] },
  );
}

export function openStateRoot(launch: Launch, rootFd: Slot): readonly Action[] {
  return [openRoot(launch, rootFd), insistOnTrust(launch, rootFd), insistOnNew(launch, rootFd)];
}

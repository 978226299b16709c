/**
 * The state root (--root), before anything of the container is made: ours, or made by us, and without a container of that id.
 */
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_EMPTY_PATH, AT_FDCWD, STATX_BASIC_STATS, Statx } from '../../../spec/kernel.js';
import { type Action, action } from '../../program/action.js';
import { buffer, field, label, ref, type Slot, slot, text } from '../../program/operand.js';
import { alu, branch, fail, jump, load, resolve, sys } from '../../program/step.js';
import { type Launch, rule } from '../launch/launch.js';

/** Open it. The engine has made what is missing on the way, for its owner alone; where it could not, this tries once more, to tell why. */
function openRoot({ cells, open }: Launch, rootFd: Slot): Action {
  const slash = slot('slash_fd');
  const deep = label('make_root');
  const opened = label('root_opened');
  return action(
    {
      title: 'open the state root',
      fails: ['open state root ', field(TemplateField.STRING, cells.root)],
      because: rule('--root'),
    },
    [
      sys('openat', [AT_FDCWD, ref(cells.root), open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], {
        to: rootFd,
        on: [['ENOENT'], deep],
      }),
      jump(opened),
      deep,
      sys('openat', [AT_FDCWD, text('/'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: slash }),
      resolve(
        {
          root: slash,
          path: ref(cells.root),
          make: 'directories',
          mode: 0o700,
          flags: open.RDONLY | open.DIRECTORY,
        },
        { to: rootFd },
      ),
      sys('close', [slash]),
      opened,
    ],
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
  const owned = label('root_owned');
  const bad = label('root_bad');
  const good = label('root_good');
  return action(
    {
      title: 'insist that only root can have written to it',
      because: rule('trust'),
      words: [
        'refuses the state root ',
        field(TemplateField.STRING, cells.root),
        ': owner ',
        field(TemplateField.DECIMAL, uid),
        ', mode ',
        field(TemplateField.OCTAL, mode),
        '; only root or the caller may own it, and nobody else write to it',
      ],
    },
    [
      sys('statx', [rootFd, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
      load(uid, 'U32', stat, Statx.UID),
      load(mode, 'U16', stat, Statx.MODE),
      alu(mode, mode, 'AND', 0o7777),
      branch(uid, 'EQ', 0, owned),
      sys('geteuid', [], { to: self }),
      branch(uid, 'NE', self, bad),
      owned,
      branch(mode, 'NONE', 0o022, good),
      bad,
      fail(errnos.EPERM.number),
      good,
    ],
  );
}

/** A look, so that this is the first thing that is said of a used id; mkdir decides. */
function insistOnNew({ cells }: Launch, rootFd: Slot): Action {
  const free = label('id_is_free');
  return action(
    {
      title: 'insist that the id is new',
      because: rule('container id'),
      words: ['container `', field(TemplateField.STRING, cells.id), '` exists already'],
    },
    [
      sys('faccessat2', [rootFd, ref(cells.id), 0, 0], { on: [['ENOENT'], free] }),
      fail(errnos.EEXIST.number),
      free,
    ],
  );
}

export function openStateRoot(launch: Launch, rootFd: Slot): readonly Action[] {
  return [openRoot(launch, rootFd), insistOnTrust(launch, rootFd), insistOnNew(launch, rootFd)];
}

/**
 * The state directory ROOT/ID (host track): made first, removed last. What is durable is written down before it is made: the stored
 * program knows how to remove everything, so it is in place before the first cgroup is.
 */

import { ID_LIMIT } from '../../../spec/container-limits.js';
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { LOCK_EX, LOCK_NB } from '../../../spec/kernel.js';
import { stateTemplate } from '../../../spec/records/state.js';
import type { Action } from '../../program/action.js';
import { attempt, when } from '../../program/control.js';
import {
  buffer,
  bytes,
  cell,
  characters,
  type Data,
  type Field,
  field,
  label,
  ref,
  type Slot,
  slot,
  struct,
  type Template,
  templateBound,
  text,
  u64,
} from '../../program/operand.js';
import { fail, failVerbatim, format, jump, type Line, load, sys, walk } from '../../program/step.js';
import { idExists } from '../../report/operations/container.js';
import type { Groups } from '../cgroups/driver.js';
import { removeFile } from '../idioms/entries.js';
import { operation } from '../idioms/operation.js';
import { readStartTime } from '../idioms/start-time.js';
import { writeWhole } from '../idioms/whole.js';
import { type Launch, rule } from '../launch/launch.js';
import { listenerOf } from '../launch/seccomp-listener.js';
import { stateAnnotations } from '../launch/told-state.js';
import { rootPath } from '../root/root.js';

/** mkdir ROOT/ID, which also is what makes the id unique; then lock it for as long as this command runs. */
export function makeStateDirectory(
  launch: Launch,
  rootFd: Slot,
  stored: Uint8Array,
  poststop: readonly Line[],
): readonly Action[] {
  const { cells, open } = launch;
  const id = field(TemplateField.STRING, cells.id);
  const directory = open.RDONLY | open.DIRECTORY | open.NOFOLLOW | open.CLOEXEC;
  const config = characters('config.json', launch.options.configText);
  const program = bytes('stored program', stored);
  return [
    makeUnique(launch, rootFd, id, poststop),
    operation(
      { kind: 'lock-state-directory', because: rule('one command at a time') },
      [
        sys('openat', [rootFd, ref(cells.id), directory, 0], { to: cells.stateFd }),
        sys('flock', [cells.stateFd, LOCK_EX | LOCK_NB]),
      ],
      { shown: [id] },
    ),
    operation({ kind: 'store-programs', because: rule('intent before effect') }, [
      ...writeWhole(open, cells.stateFd, 'program', program, stored.length, 0o600),
      ...writeWhole(open, cells.stateFd, 'config.json', config, config.size, 0o600),
    ]),
  ];
}

/**
 * mkdir is what makes an id unique. Its own undo must not run for the container that has the id already. `poststop`: what is done after the container
 * has been destroyed (runtime.md, lifecycle steps 12 and 13), also if it came to nothing, as with runc.
 */
function makeUnique(launch: Launch, rootFd: Slot, id: Field, poststop: readonly Line[]): Action {
  const { cells } = launch;
  const words = buffer('taken_words', ID_LIMIT + 64);
  const size = slot('taken_words_size');
  return operation(
    { kind: 'make-state-directory', because: rule('container id') },
    attempt(['EEXIST'], taken => [sys('mkdirat', [rootFd, ref(cells.id), 0o711], taken)], [
      format(words, idExists(id), { to: size }),
      failVerbatim(errnos.EEXIST.number, words, size),
    ]),
    {
      undo: when(cells.removed, 'EQ', 0, [walk('REMOVE_TREE', [rootFd, ref(cells.id), 0, -1]), ...poststop]),
      shown: [id],
    },
  );
}

/** `run` needs none, but for `state` to tell that startContainer hooks are at work. */
export function hasGateError(launch: Launch): boolean {
  const { startContainer } = launch.config.hooks;
  return launch.options.entry === 'create' || startContainer.length > 0;
}

/** `start` has a second thing to say to init: that somebody answers for its filter. */
export function gateReplies(launch: Launch): boolean {
  return launch.options.entry === 'create' && listenerOf(launch) !== null;
}

/** It may have gone with the container. */
export function dropGateError({ cells }: Launch): Action {
  return operation(
    { kind: 'remove-gate', because: rule('running') },
    removeFile(cells.stateFd, text('exec.err')),
  );
}

/** FIFOs of the start gate. Init holds both of them open until execve(2). */
export function makeGate(launch: Launch): readonly Action[] {
  if (!hasGateError(launch)) return [];
  const { cells, open } = launch;
  const fifos = [
    ['exec.fifo', cells.gate],
    ['exec.err', cells.gateError],
  ] as const;
  return [
    operation({ kind: 'make-gate', because: rule('create, then start') }, [
      ...(launch.options.entry === 'create' ? fifos : fifos.slice(1)).flatMap(([name, to]) => [
        sys('mknodat', [cells.stateFd, text(name), 0o010600, 0]),
        sys('openat', [cells.stateFd, text(name), open.RDWR | open.CLOEXEC, 0], { to }),
      ]),
      ...(gateReplies(launch)
        ? [
            sys('openat', [cells.stateFd, text('exec.fifo'), open.RDONLY | open.CLOEXEC, 0], {
              to: cells.gateReply,
            }),
          ]
        : []),
    ]),
  ];
}

/** state.json, as the program fills it in. */
function describeState(launch: Launch, groups: Groups['record']): Template {
  const { cells, config, facts, options, environment, placement } = launch;
  return stateTemplate(
    {
      ociVersion: config.ociVersion,
      bundle: options.bundle,
      rootfs: rootPath(launch),
      owner: facts.owner,
      annotations: stateAnnotations(launch),
      chos: {
        cgroupManager: groups.manager,
        cgroups: groups.directories,
        unit: groups.unit,
        backEnd: environment?.backEnd ?? 'private',
        variables: environment?.variables ?? [],
        shared: placement.entered ? placement.shared : undefined,
        link: environment?.link?.target,
        entry: options.entry,
      },
    },
    (as, name) => field(as, cells[name]),
  );
}

/** Once init is there: its pid and start time, before it may do anything. */
export function recordInit(launch: Launch, groups: Groups['record']): Action {
  const { cells, open } = launch;
  const template = describeState(launch, groups);
  const bound = templateBound(template);
  const content: Data = buffer('state', bound);
  const size = slot('state_size');
  const gone = label('init_gone');
  const recorded = label('init_recorded');
  const now = struct('timespec', [u64(0), u64(0)]);
  return operation({ kind: 'record-init', because: rule('init waits until it is known') }, [
    ...readStartTime(open, cells.pid, cells.pidStart, gone),
    sys('clock_gettime', [0, now]),
    load(cells.created, 'I64', now, 0),
    load(cell(cells.created, 1), 'I64', now, 8),
    format(content, template, { to: size }),
    ...writeWhole(open, cells.stateFd, 'state.json', content, size, 0o644),
    jump(recorded),
    gone,
    fail(errnos.ESRCH.number),
    recorded,
  ]);
}

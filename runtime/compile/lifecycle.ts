/**
 * The stored program: start, kill, delete, state, pause and resume of one container, compiled together with its launch, so that none of them
 * starts Node. Each entry is a track of its own.
 */

import type { Entry } from '../../spec/commands.js';
import { errnos } from '../../spec/errno.js';
import { TemplateField } from '../../spec/instructions.js';
import { AT_FDCWD, LOCK_EX, LOCK_NB, SIGKILL } from '../../spec/kernel.js';
import type { ParameterName } from '../../spec/parameters.js';
import { type Action, action, failedErrno, type Program, type Track } from '../program/action.js';
import {
  buffer,
  cell,
  type Data,
  field,
  type Label,
  label,
  ref,
  type Slot,
  slot,
  slots,
  struct,
  text,
  u64,
} from '../program/operand.js';
import {
  alu,
  branch,
  exit,
  exitReporting,
  fail,
  failVerbatim,
  format,
  jump,
  type Line,
  load,
  move,
  scan,
  sys,
  waitReadable,
  walk,
} from '../program/step.js';
import { type CgroupPlan, cgroupOfProcesses, directoryOf, planCgroups } from './cgroups/plan.js';
import { type HookActions, hookActions } from './hooks.js';
import { type Launch, rule } from './launch.js';
import { readStartTime } from './state.js';

interface Lifecycle {
  readonly launch: Launch;
  readonly id: Slot;
  readonly stateDir: Slot;
  readonly environ: Slot;
  readonly dir: Slot;
  readonly pid: Slot;
  readonly pidfd: Slot;
  readonly plan: CgroupPlan;
  /** 0 creating, 1 created, 2 running, 3 paused, 4 stopped */
  readonly status: Slot;
  readonly state: Data;
  readonly stateSize: Slot;
  /** Position behind `{"pid":N,"pidStart":N,` in state. */
  readonly rest: Slot;
}

const Status = { CREATING: 0, CREATED: 1, RUNNING: 2, PAUSED: 3, STOPPED: 4 } as const;

function createLifecycle(launch: Launch): Lifecycle {
  const id = slots('id', 2);
  return {
    launch,
    id,
    stateDir: slots('state_dir', 2),
    environ: slot('environ', -1),
    dir: slot('dir', -1),
    pid: slot('pid'),
    pidfd: slot('pidfd', -1),
    plan: planCgroups(
      launch.options.cgroupManager === 'disabled' ? { layout: 'none' } : launch.facts.cgroup,
      launch.config.linux?.cgroupsPath,
      id,
    ),
    status: slot('status'),
    state: buffer('state', 1 << 20),
    stateSize: slot('state_size'),
    rest: slots('rest', 2),
  };
}

/** `missing`: where to go on if the directory is not there any more (another command may have deleted it a moment ago). */
function openContainer(c: Lifecycle, missing: Label | null = null): Action {
  const { open } = c.launch;
  return action(
    {
      title: 'open the state directory',
      because: rule('ROOT/ID'),
      words: [
        'container `',
        field(TemplateField.STRING, c.id),
        '` does not exist: ',
        field(TemplateField.ERRNO, failedErrno),
      ],
    },
    [
      sys(
        'openat',
        [AT_FDCWD, ref(c.stateDir), open.RDONLY | open.DIRECTORY | open.NOFOLLOW | open.CLOEXEC, 0],
        {
          to: c.dir,
          ...(missing ? { on: [['ENOENT'], missing] as const } : {}),
        },
      ),
      ...c.plan.formats,
    ],
  );
}

/** Another command that holds the lock is given ten seconds. */
function lock(c: Lifecycle): Action {
  const again = label('lock_again');
  const held = label('lock_held');
  const got = label('lock_got');
  const tries = slot('lock_tries');
  return action(
    {
      title: 'lock the state directory',
      because: rule('one command at a time'),
      words: [
        'container `',
        field(TemplateField.STRING, c.id),
        '` is busy: another command has held its lock for 10 s',
      ],
    },
    [
      again,
      sys('flock', [c.dir, LOCK_EX | LOCK_NB], { on: [['EAGAIN'], held] }),
      jump(got),
      held,
      sys('nanosleep', [struct('10ms', [u64(0), u64(10_000_000)], true), 0]),
      alu(tries, tries, 'ADD', 1),
      branch(tries, 'LT', 1000, again),
      fail(errnos.EBUSY.number),
      got,
    ],
  );
}

/**
 * state.json -> pid and status (runtime.md "State"; the derivation that runc and crun share). `damaged`: where to go on when
 * state.json cannot be read or makes no sense; without it, that is the failure.
 */
function readStatus(c: Lifecycle, damaged?: Label): Action {
  const { open } = c.launch;
  const unless = damaged === undefined ? {} : { on: [['EINVAL', 'ENOENT', 'ERANGE'], damaged] as const };
  const fd = slot('state_fd');
  const at = slots('state_at', 2);
  const start = slots('state_start', 2);
  const actual = slots('actual_start', 2);
  const colon = ':'.charCodeAt(0);
  const creating = label('is_creating');
  const stopped = label('is_stopped');
  const known = label('is_known');
  const noGate = label('no_gate');
  const zombie = slot('is_dead');
  const alive = label('is_alive');
  const freezer = frozen(c, known);
  return action(
    {
      title: 'find out the status',
      because: rule('state.json, start time, exec.fifo, freezer'),
      words: [
        'read the state of container `',
        field(TemplateField.STRING, c.id),
        '`: ',
        field(TemplateField.ERRNO, failedErrno),
        ' (state.json; `delete --force` removes the container)',
      ],
    },
    [
      // Nobody but root can put something else in its place, but whoever did should not make us wait.
      sys(
        'openat',
        [c.dir, text('state.json'), open.RDONLY | open.CLOEXEC | open.NOFOLLOW | open.NONBLOCK, 0],
        { to: fd, on: [damaged === undefined ? ['ENOENT'] : ['ENOENT', 'ELOOP'], creating] },
      ),
      sys('read', [fd, c.state, (1 << 20) - 1], {
        to: c.stateSize,
        ...(damaged === undefined ? {} : { on: [['EISDIR'], damaged] as const }),
      }),
      sys('close', [fd]),
      scan('SKIP', { buffer: c.state, length: c.stateSize, byte: colon, count: 1 }, { to: at, ...unless }),
      scan('NUMBER', { buffer: c.state, length: c.stateSize, start: at }, { to: at, ...unless }),
      move(c.pid, at),
      scan('SKIP', { buffer: c.state, length: c.stateSize, byte: colon, count: 2 }, { to: at, ...unless }),
      scan('NUMBER', { buffer: c.state, length: c.stateSize, start: at }, { to: start, ...unless }),
      alu(c.rest, cell(start, 1), 'ADD', 1),
      alu(cell(c.rest, 1), c.stateSize, 'SUB', c.rest),
      sys('pidfd_open', [c.pid, 0], { to: c.pidfd, on: [['ESRCH', 'EINVAL'], stopped] }),
      // The pidfd is open: if the start time is right now, it is our process for good.
      ...readStartTime(open, c.pid, actual, stopped),
      branch(actual, 'NE', start, stopped),
      // A zombie is readable on its pidfd.
      waitReadable(c.pidfd, 0, { to: zombie, on: [['ETIMEDOUT'], alive] }),
      jump(stopped),
      alive,
      sys('faccessat2', [c.dir, text('exec.fifo'), 0, 0], { on: [['ENOENT'], noGate] }),
      move(c.status, Status.CREATED),
      jump(known),
      noGate,
      move(c.status, Status.RUNNING),
      ...freezer,
      jump(known),
      creating,
      move(c.status, Status.CREATING),
      jump(known),
      stopped,
      move(c.status, Status.STOPPED),
      move(c.pid, 0),
      known,
    ],
  );
}

function freezerOf(
  c: Lifecycle,
):
  | { readonly path: Data; readonly file: string; readonly frozen: string; readonly thawed: string }
  | undefined {
  const v1 = directoryOf(c.plan, 'freezer');
  if (v1 && v1.version === 1)
    return { path: v1.memory, file: 'freezer.state', frozen: 'FROZEN', thawed: 'THAWED' };
  const v2 = c.plan.directories.find(d => d.version === 2);
  return v2 ? { path: v2.memory, file: 'cgroup.freeze', frozen: '1', thawed: '0' } : undefined;
}

function frozen(c: Lifecycle, known: Label): readonly Line[] {
  const freezer = freezerOf(c);
  if (!freezer) return [];
  const { open } = c.launch;
  const dir = slot('freezer_dir');
  const fd = slot('freezer_fd');
  const first = slot('freezer_first');
  const value = buffer('freezer_value', 64);
  return [
    sys('openat', [AT_FDCWD, freezer.path, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
      to: dir,
      on: [['ENOENT'], known],
    }),
    sys('openat', [dir, text(freezer.file), open.RDONLY | open.CLOEXEC, 0], {
      to: fd,
      on: [['ENOENT'], known],
    }),
    sys('read', [fd, value, 63]),
    load(first, 'U8', value),
    branch(first, 'EQ', freezer.thawed.charCodeAt(0), known),
    move(c.status, Status.PAUSED),
  ];
}

const parametersOf = (
  c: Lifecycle,
  extra: readonly (readonly [ParameterName, Slot])[],
): readonly (readonly [ParameterName, Slot])[] => [
  ['ID', c.id],
  ['STATE_DIR', c.stateDir],
  ['ENVIRON', c.environ],
  ...extra,
];

function entryTrack(
  name: Entry,
  actions: readonly Action[],
  failed: readonly Line[] = [exitReporting(1)],
): Track {
  return { name, actions, subroutines: [], failed };
}

function stateTrack(c: Lifecycle): Track {
  const out = buffer('state_out', (1 << 20) + 4096);
  const size = slot('state_out_size');
  const name = slot('status_name');
  const print = label('print_state');
  const choose: Line[] = [];
  for (const [status, word] of [
    [Status.CREATING, 'creating'],
    [Status.CREATED, 'created'],
    [Status.RUNNING, 'running'],
    [Status.PAUSED, 'paused'],
    [Status.STOPPED, 'stopped'],
  ] as const) {
    const next = label(`not_${word}`);
    choose.push(branch(c.status, 'NE', status, next), move(name, text(word)), next);
  }
  const known = label('state_known');
  return entryTrack('state', [
    openContainer(c),
    readStatus(c),
    action({ title: 'print the state', because: rule('state') }, [
      ...choose,
      branch(c.status, 'NE', Status.CREATING, known),
      format(
        out,
        [
          `{"ociVersion":${JSON.stringify(c.launch.config.ociVersion)},"id":"`,
          field(TemplateField.JSON, c.id),
          `","pid":0,"status":"creating","bundle":${JSON.stringify(c.launch.options.bundle)},"annotations":${JSON.stringify(c.launch.config.annotations ?? {})}}\n`,
        ],
        { to: size },
      ),
      jump(print),
      known,
      alu(c.rest, c.rest, 'ADD', c.state),
      format(
        out,
        [
          '{"pid":',
          field(TemplateField.DECIMAL, c.pid),
          ',"status":"',
          field(TemplateField.STRING, name),
          '",',
          field(TemplateField.BYTES, c.rest),
        ],
        { to: size },
      ),
      print,
      sys('write', [1, out, size]),
      exit(0),
    ]),
  ]);
}

function notRunning(c: Lifecycle, statuses: readonly number[], message: string): Action {
  const good = label('status_good');
  return action(
    {
      title: `insist: ${message}`,
      because: rule('runtime.md, operations'),
      words: ['container `', field(TemplateField.STRING, c.id), `\` ${message}`],
    },
    [...statuses.map(s => branch(c.status, 'EQ', s, good)), fail(errnos.EINVAL.number), good],
  );
}

/** "container not running" is what containerd and CRI-O look for. */
const NOT_RUNNING = 'container not running';

function startTrack(c: Lifecycle, poststart: HookActions): Track {
  const { open } = c.launch;
  const fifo = slot('fifo');
  const err = slot('err');
  const size = slot('err_size');
  const total = slot('err_total');
  const message = buffer('err_text', 4097);
  const again = label('read_again');
  const over = label('read_over');
  const bad = label('exec_failed');
  const good = label('exec_happened');
  const first = slot('err_first');
  const from = slot('err_from');
  const end = label('read_end');
  return entryTrack('start', [
    openContainer(c),
    lock(c),
    readStatus(c),
    notRunning(
      c,
      [Status.CREATED],
      `cannot be started: it is not in the state created (${NOT_RUNNING} or running already)`,
    ),
    action(
      {
        title: 'open the gate',
        because: rule('exec.fifo'),
        words: [
          'start container `',
          field(TemplateField.STRING, c.id),
          '`: ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      [
        sys('openat', [c.dir, text('exec.err'), open.RDONLY | open.NONBLOCK | open.CLOEXEC, 0], { to: err }),
        sys('openat', [c.dir, text('exec.fifo'), open.WRONLY | open.NONBLOCK | open.CLOEXEC, 0], {
          to: fifo,
        }),
        sys('write', [fifo, text('g'), 1]),
        sys('unlinkat', [c.dir, text('exec.fifo'), 0]),
        sys('close', [fifo]),
        again,
        waitReadable(err, -1, { to: size }),
        // A record is "x" right before execve, then the words of a failure; the end of the file alone says that execve happened.
        sys('read', [err, message, 4096], { to: size, on: [['EAGAIN'], again] }),
        branch(size, 'EQ', 0, over),
        load(first, 'U8', message),
        alu(total, total, 'ADD', size),
        branch(size, 'GT', 1, bad),
        branch(first, 'NE', 'x'.charCodeAt(0), bad),
        jump(again),
        over,
        branch(total, 'NE', 0, good),
        fail(errnos.ESRCH.number),
        bad,
        move(from, 0),
        branch(first, 'NE', 'x'.charCodeAt(0), end),
        move(from, 1),
        end,
        alu(size, size, 'SUB', from),
        alu(from, from, 'ADD', message),
        failVerbatim(errnos.ECHILD.number, ref(from), size),
        good,
        sys('unlinkat', [c.dir, text('exec.err'), 0]),
      ],
    ),
    ...poststart.actions,
    action({ title: 'end', because: rule('start') }, [exit(0)]),
  ]);
}

/** The cgroup whose list of processes is that of the container. */
function processesOf({ directories }: CgroupPlan): CgroupPlan['directories'][number] | undefined {
  return directories.find(d => d.hierarchy.controllers.includes('pids')) ?? directories[0];
}

function killTrack(c: Lifecycle, signal: Slot, all: Slot): Track {
  const one = label('signal_one');
  const done = label('signalled');
  const processes = cgroupOfProcesses(c.plan);
  const ownPids = c.launch.namespaces.get('pid') === '';
  const group = label('signal_all');
  const everyone: readonly Line[] = processes
    ? [group, walk('SIGNAL_CGROUP', [AT_FDCWD, processes.memory, signal, 0]), jump(done)]
    : [group, fail(errnos.EOPNOTSUPP.number)];
  const dead = label('kill_dead');
  const goOn = label('kill_go_on');
  return entryTrack('kill', [
    openContainer(c),
    readStatus(c),
    action(
      {
        title: 'insist that it runs',
        because: rule('runtime.md, kill'),
        words: ['container `', field(TemplateField.STRING, c.id), `\`: ${NOT_RUNNING}`],
      },
      [
        branch(c.status, 'EQ', Status.STOPPED, dead),
        branch(c.status, 'NE', Status.CREATING, goOn),
        fail(errnos.ESRCH.number),
        dead,
        // kill --all of a stopped container succeeds, and reaches what may be left in its cgroup.
        branch(all, 'NE', 0, goOn),
        fail(errnos.ESRCH.number),
        goOn,
      ],
    ),
    action(
      {
        title: 'send the signal',
        because: rule('kill'),
        words: [
          'kill container `',
          field(TemplateField.STRING, c.id),
          '`: ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      [
        branch(all, 'NE', 0, group),
        // Without a pid namespace of its own, SIGKILL of init would leave its children behind.
        ...(ownPids ? [] : [branch(signal, 'EQ', SIGKILL, group)]),
        jump(one),
        ...everyone,
        one,
        sys('pidfd_send_signal', [c.pidfd, signal, 0, 0]),
        done,
        exit(0),
      ],
    ),
  ]);
}

/** Kill what is left, remove every durable name, the state directory last. Also the end of a foreground run. */
export function removalLines(c: { readonly plan: CgroupPlan; readonly ownPids: boolean }): readonly Line[] {
  const lines: Line[] = [];
  if (!c.ownPids) {
    const d = cgroupOfProcesses(c.plan);
    if (d) lines.push(walk('SIGNAL_CGROUP', [AT_FDCWD, d.memory, SIGKILL, 0]));
  }
  for (const d of c.plan.directories) lines.push(walk('REMOVE_CGROUP', [AT_FDCWD, d.memory, 0, 10_000]));
  return lines;
}

function deleteTrack(c: Lifecycle, force: Slot, poststop: HookActions): Track {
  const missing = label('delete_missing');
  const nothing = label('delete_nothing');
  const here = label('delete_here');
  const kill = label('delete_kill');
  const remove = label('delete_remove');
  const killed = label('delete_killed');
  const damaged = label('delete_damaged');
  const processes = processesOf(c.plan);
  const ownPids = c.launch.namespaces.get('pid') === '';
  return entryTrack('delete', [
    openContainer(c, missing),
    action(
      {
        title: 'accept with --force that it is not there',
        because: rule('delete --force'),
        words: ['container `', field(TemplateField.STRING, c.id), '` does not exist'],
      },
      [
        jump(here),
        missing,
        branch(force, 'NE', 0, nothing),
        fail(errnos.ENOENT.number),
        nothing,
        exit(0),
        here,
      ],
    ),
    lock(c),
    readStatus(c, damaged),
    action(
      {
        title: 'insist that it is stopped, or --force',
        because: rule('runtime.md, delete'),
        words: [
          'container `',
          field(TemplateField.STRING, c.id),
          '` is not stopped (use --force to kill it)',
        ],
      },
      [
        branch(c.status, 'EQ', Status.STOPPED, remove),
        branch(c.status, 'EQ', Status.CREATING, remove),
        branch(c.status, 'EQ', Status.CREATED, kill),
        branch(force, 'NE', 0, kill),
        fail(errnos.EBUSY.number),
        damaged,
        branch(force, 'NE', 0, remove),
        fail(errnos.EINVAL.number),
        kill,
      ],
    ),
    action(
      {
        title: 'kill init',
        because: rule('delete'),
        words: [
          'kill init of container `',
          field(TemplateField.STRING, c.id),
          '`: ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      [
        ...thaw(c),
        sys('pidfd_send_signal', [c.pidfd, SIGKILL, 0, 0], { on: [['ESRCH'], remove] }),
        waitReadable(c.pidfd, 10_000, {}),
        jump(killed),
        remove,
        // Init is not known to be alive, which a damaged state.json does not prove.
        ...(ownPids && processes
          ? [branch(force, 'EQ', 0, killed), walk('SIGNAL_CGROUP', [AT_FDCWD, processes.memory, SIGKILL, 0])]
          : []),
        killed,
      ],
    ),
    action(
      {
        title: 'remove the cgroups',
        because: rule('delete'),
        words: [
          'remove the cgroup of container `',
          field(TemplateField.STRING, c.id),
          '`: ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      removalLines({ plan: c.plan, ownPids }),
    ),
    action(
      {
        title: 'remove the state directory',
        because: rule('delete'),
        words: [
          'remove ',
          field(TemplateField.STRING, c.stateDir),
          ': ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      [walk('REMOVE_TREE', [AT_FDCWD, ref(c.stateDir), 0, 0])],
    ),
    ...poststop.actions,
    action({ title: 'end', because: rule('delete') }, [exit(0)]),
  ]);
}

/** A frozen process does not die: the freezer is opened first. */
function thaw(c: Lifecycle): readonly Line[] {
  const freezer = freezerOf(c);
  if (!freezer) return [];
  const none = label('no_freezer');
  return [branch(c.status, 'NE', Status.PAUSED, none), ...setFreezer(c, freezer, freezer.thawed, none), none];
}

function setFreezer(
  c: Lifecycle,
  freezer: NonNullable<ReturnType<typeof freezerOf>>,
  value: string,
  none: Label,
): readonly Line[] {
  const { open } = c.launch;
  const dir = slot('freezer_dir');
  const fd = slot('freezer_fd');
  return [
    sys('openat', [AT_FDCWD, freezer.path, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
      to: dir,
      on: [['ENOENT'], none],
    }),
    sys('openat', [dir, text(freezer.file), open.WRONLY | open.CLOEXEC, 0], {
      to: fd,
      on: [['ENOENT'], none],
    }),
    sys('write', [fd, text(value), value.length]),
    sys('close', [fd]),
    sys('close', [dir]),
  ];
}

function freezeTrack(c: Lifecycle, name: 'pause' | 'resume'): Track {
  const freezer = freezerOf(c);
  const from = name === 'pause' ? Status.RUNNING : Status.PAUSED;
  const none = label('no_freezer');
  return entryTrack(name, [
    openContainer(c),
    lock(c),
    readStatus(c),
    notRunning(
      c,
      name === 'pause' ? [from, Status.CREATED] : [from],
      name === 'pause' ? `cannot be paused: ${NOT_RUNNING}` : 'is not paused',
    ),
    action(
      {
        title: name === 'pause' ? 'freeze the cgroup' : 'thaw the cgroup',
        because: rule(name),
        words: [
          `${name} container \``,
          field(TemplateField.STRING, c.id),
          '`: ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      freezer
        ? [
            ...setFreezer(c, freezer, name === 'pause' ? freezer.frozen : freezer.thawed, none),
            exit(0),
            none,
            fail(errnos.EOPNOTSUPP.number),
          ]
        : [fail(errnos.EOPNOTSUPP.number)],
    ),
  ]);
}

/** The program that is stored in the state directory as `program`. */
export function compileLifecycle(launch: Launch): Program {
  const c = createLifecycle(launch);
  const signal = slot('signal', 15);
  const all = slot('all');
  const force = slot('force');
  const context = {
    id: c.id,
    pid: c.pid,
    environ: c.environ,
    ociVersion: launch.config.ociVersion,
    bundle: launch.options.bundle,
    annotations: launch.config.annotations ?? {},
    open: launch.open,
    because: launch.because,
  };
  const { poststart = [], poststop = [] } = launch.config.hooks ?? {};
  const started = hookActions(context, 'poststart', poststart, 'running');
  const stopped = hookActions(context, 'poststop', poststop, 'stopped', { tolerant: true });
  return {
    arch: launch.facts.arch,
    joins: false,
    tracks: [
      startTrack(c, started),
      ...started.tracks,
      killTrack(c, signal, all),
      deleteTrack(c, force, stopped),
      ...stopped.tracks,
      stateTrack(c),
      freezeTrack(c, 'pause'),
      freezeTrack(c, 'resume'),
    ],
    entries: (['start', 'kill', 'delete', 'state', 'pause', 'resume'] as const).map(entry => ({
      entry,
      track: entry,
    })),
    parameters: new Map(
      parametersOf(c, [
        ['SIGNAL', signal],
        ['ALL', all],
        ['FORCE', force],
      ]),
    ),
  };
}

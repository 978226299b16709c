/**
 * Maps of more than the own id (newuidmap(1), newgidmap(1)): the kernel lets a user write none, so two programs that have the right ask /etc/subuid and /etc/subgid,
 * or whoever else knows, and write them. They insist that the process belongs to their caller, which init does until it has its maps.
 */
import { errnos } from '../../../spec/errno.js';
import { MAP_HELPERS, mapWords } from '../../../spec/id-mappings.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  AT_FDCWD,
  CLD_EXITED,
  CLOSE_RANGE_CLOEXEC,
  Clone,
  MFD_CLOEXEC,
  type OpenFlags,
  P_PIDFD,
  Prctl,
  resourceLimits,
  SIGKILL,
  Siginfo,
  WEXITED,
} from '../../../spec/kernel.js';
import { type Action, rule, type Track } from '../../program/action.js';
import { attempt, ignoring, when } from '../../program/control.js';
import {
  buffer,
  cell,
  field,
  type Label,
  label,
  ref,
  type Slot,
  slot,
  slots,
  struct,
  type Template,
  text,
  u64,
  vector,
} from '../../program/operand.js';
import {
  alu,
  call,
  exit,
  failVerbatim,
  format,
  formatFailure,
  type Line,
  load,
  move,
  type Subroutine,
  scan,
  subroutine,
  sys,
  track,
  waitReadable,
} from '../../program/step.js';
import {
  HELPER_SAID_MOST,
  HELPER_WORDS_MOST,
  helperEnds,
  helperFailed,
  helperHints,
} from '../../report/operations/map-helpers.js';
import { cloneArguments } from '../idioms/clone.js';
import type { Interrupts } from '../idioms/interrupts.js';
import { operation } from '../idioms/operation.js';
import { resetSignals } from '../idioms/reset-signals.js';
import { needsMapHelpers } from '../launch/confined.js';
import type { Launch } from '../launch/launch.js';

export interface MapHelpers {
  /** Host track. */
  readonly ask: readonly Action[];
  readonly tracks: readonly Track[];
}

/** The helper at work. */
interface Helper {
  readonly path: Slot;
  readonly arguments: Slot;
  /** Text: what stands behind why it failed: it says no, it is not there, or something else. */
  readonly refused: Slot;
  readonly missing: Slot;
  readonly place: Slot;
  /** What it says goes into this file in memory. */
  readonly output: Slot;
  readonly pidfd: Slot;
}

/** One that asks a directory service which does not answer is given up. */
const MILLISECONDS = 10_000;
/** Bytes that one may say before it is killed: the file is memory. */
const OUTPUT_MOST = 65_536;
/** No exit code of theirs. */
const NOT_EXECUTED = 127;

export function mapHelpers(launch: Launch): MapHelpers {
  if (!needsMapHelpers(launch)) return { ask: [], tracks: [] };
  const { cells, config } = launch;
  const begin = label('map_helper_begin');
  const helper: Helper = {
    path: slot('map_helper'),
    arguments: slot('map_helper_arguments'),
    refused: slot('map_helper_refused'),
    missing: slot('map_helper_missing'),
    place: slot('map_helper_place'),
    output: slot('map_helper_output', -1),
    pidfd: slot('map_helper_pidfd', -1),
  };
  const run = runHelper(helper, begin, cells.interrupts);
  const number = buffer('map_helper_number', 24);
  return {
    ask: (['uidMappings', 'gidMappings'] as const).map(property => {
      const because = launch.because('linux', property);
      const path = MAP_HELPERS[property];
      const words = helperHints(property, because);
      const mappings = config.linux[property];
      const lines = mappings.map(one => mapWords(one).join(' '));
      return operation({ kind: 'ask-map-helper', path, lines, because }, [
        format(number, [field(TemplateField.DECIMAL, cells.pid)]),
        move(helper.path, text(path)),
        move(
          helper.arguments,
          vector(`${property} arguments`, [path, number, ...mappings.flatMap(mapWords)]),
        ),
        move(helper.refused, text(words.refused)),
        move(helper.missing, text(words.missing)),
        move(helper.place, text(words.place)),
        call(run),
      ]);
    }),
    tracks: [helperTrack(launch.open, helper, begin)],
  };
}

function runHelper(helper: Helper, begin: Label, interrupts: Interrupts): Subroutine {
  const which = slot('map_helper_ready');
  const info = buffer('map_helper_info', 128);
  const [code, status] = [slot('map_helper_code'), slot('map_helper_status')];
  const [pid, group] = [slot('map_helper_pid'), slot('map_helper_group')];
  // Also what it has started: as long as it is not reaped, its session has its number.
  const reap = (): readonly Line[] => [
    alu(group, 0, 'SUB', pid),
    ...ignoring(['ESRCH', 'EPERM'], gone => [sys('kill', [group, SIGKILL], gone)]),
    sys('waitid', [P_PIDFD, helper.pidfd, info, WEXITED, 0]),
  ];
  const ended = (): readonly Line[] => [
    ...ignoring(['ESRCH'], gone => [sys('pidfd_send_signal', [helper.pidfd, SIGKILL, 0, 0], gone)]),
    ...reap(),
  ];
  const name = field(TemplateField.STRING, helper.path);
  return subroutine('run_map_helper', [
    sys('memfd_create', [text('map-helper'), MFD_CLOEXEC], { to: helper.output }),
    track(cloneArguments('map-helper', Clone.PIDFD, helper.pidfd), 'map-helper', begin, {
      to: pid,
    }),
    ...attempt(
      ['ETIMEDOUT'],
      late => [waitReadable(helper.pidfd, MILLISECONDS, { to: which, ...late }, interrupts.fd)],
      [...ended(), ...failing(helper.place, helperEnds.late(name, MILLISECONDS / 1000))],
    ),
    ...when(which, 'EQ', 2, [...ended(), call(interrupts.fail)]),
    ...reap(),
    sys('close', [helper.pidfd]),
    load(code, 'I32', info, Siginfo.CODE),
    load(status, 'I32', info, Siginfo.STATUS),
    ...when(
      code,
      'NE',
      CLD_EXITED,
      failing(helper.place, helperEnds.killed(name, field(TemplateField.DECIMAL, status))),
    ),
    ...when(status, 'NE', 0, judged(helper, status)),
    sys('close', [helper.output]),
  ]);
}

/** It has ended otherwise than well: its first line says why. */
function judged(helper: Helper, status: Slot): readonly Line[] {
  const said = slots('map_helper_said', 2);
  const saidText = buffer('map_helper_said_text', HELPER_SAID_MOST);
  const end = slot('map_helper_line_end');
  const name = field(TemplateField.STRING, helper.path);
  return [
    move(said, saidText),
    sys('pread64', [helper.output, saidText, HELPER_SAID_MOST, 0], { to: cell(said, 1) }),
    ...ignoring(['ENOENT'], whole => [
      scan('FIND', { buffer: ref(said), length: cell(said, 1), byte: 10 }, { to: end, ...whole }),
      move(cell(said, 1), end),
    ]),
    ...when(
      cell(said, 1),
      'EQ',
      0,
      failing(helper.place, helperEnds.exited(name, field(TemplateField.DECIMAL, status))),
    ),
    ...when(
      status,
      'EQ',
      NOT_EXECUTED,
      failing(helper.missing, helperEnds.notExecuted(name, field(TemplateField.BYTES, said))),
    ),
    ...failing(helper.refused, [field(TemplateField.BYTES, said)]),
  ];
}

function failing(behind: Slot, ended: Template): readonly Line[] {
  const words = buffer('map_helper_words', HELPER_SAID_MOST + HELPER_WORDS_MOST);
  const size = slot('map_helper_words_size');
  return [
    format(words, [...helperFailed, ...ended, field(TemplateField.STRING, behind)], { to: size }),
    failVerbatim(errnos.ECANCELED.number, words, size),
  ];
}

/** Its own process, up to execve(2). It has none of our descriptors and nothing of our environment. */
function helperTrack(open: OpenFlags, helper: Helper, begin: Label): Track {
  const words = buffer('map_helper_fault', HELPER_SAID_MOST);
  const size = slot('map_helper_fault_size');
  const nothing = slot('map_helper_null');
  return {
    name: 'map-helper',
    actions: [
      operation({ kind: 'execute-map-helper', because: rule('user namespace') }, [
        begin,
        sys('prctl', [Prctl.SET_PDEATHSIG, SIGKILL, 0, 0, 0]),
        sys('setsid', []),
        ...resetSignals(),
        sys('prlimit64', [
          0,
          resourceLimits.RLIMIT_FSIZE,
          struct('map_helper_most', [u64(OUTPUT_MOST), u64(OUTPUT_MOST)], true),
          0,
        ]),
        sys('openat', [AT_FDCWD, text('/dev/null'), open.RDWR | open.CLOEXEC, 0], { to: nothing }),
        sys('dup3', [nothing, 0, 0]),
        sys('dup3', [nothing, 1, 0]),
        sys('dup3', [helper.output, 2, 0]),
        sys('close_range', [3, 0xffffffff, CLOSE_RANGE_CLOEXEC]),
        sys('execve', [ref(helper.path), ref(helper.arguments), vector('helper environment', [])]),
      ]),
    ],
    failed: [formatFailure(words, size), sys('write', [helper.output, words, size]), exit(NOT_EXECUTED)],
  };
}

/** Calls of systemd's manager, and the jobs that they make (org.freedesktop.systemd1(5)). What comes of one stands in `verdict`; who asked decides what it means. */
import { errnos } from '../../../../spec/errno.js';
import { TemplateField } from '../../../../spec/instructions.js';
import { type Loop, repeat, when } from '../../../program/control.js';
import {
  buffer,
  cell,
  type Data,
  field,
  type Label,
  label,
  type Slot,
  slot,
  slots,
} from '../../../program/operand.js';
import {
  alu,
  branch,
  call,
  format,
  jump,
  type Line,
  move,
  type Subroutine,
  send,
  subroutine,
} from '../../../program/step.js';
import { type Connection, createConnection } from '../../bus/connection.js';
import { marshal } from '../../bus/marshal.js';
import { callMessage, MessageType, type Method } from '../../bus/message.js';
import { createReply, type Found, type Reply, readText } from '../../bus/reply.js';
import { type Arguments, createRequest, type Given } from '../../bus/request.js';
import { sameBytes, sameWord } from '../../idioms/same-bytes.js';
import type { Launch } from '../../launch/launch.js';
import { createPeer, type Peer } from './peer.js';
import type { ScopePlan } from './plan.js';

/** For everything that is asked in one go; runc waits as long for a job. */
const DEADLINE_MS = 30_000;

export const Verdict = {
  /** The connection has a problem. */
  NONE: 0,
  DONE: 1,
  /** `refusal` says why. */
  REFUSED: 2,
  /** `result` says how the job ended. */
  JOB_FAILED: 3,
} as const;

const NAME = 'org.freedesktop.systemd1';
const MANAGER = {
  destination: NAME,
  path: '/org/freedesktop/systemd1',
  interface: `${NAME}.Manager`,
} as const;

const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

/** On a bus, signals come to those who have asked for them; the last of these calls has this serial. */
const LAST_GREETING = 3;
const greeting = (): Uint8Array =>
  Buffer.concat([
    callMessage({ ...BUS, member: 'Hello', signature: '', serial: 1 }, []),
    callMessage({ ...BUS, member: 'AddMatch', signature: 's', serial: 2 }, [
      `type='signal',sender='${NAME}',interface='${MANAGER.interface}',member='JobRemoved',path='${MANAGER.path}'`,
    ]),
    callMessage({ ...MANAGER, member: 'Subscribe', signature: '', serial: LAST_GREETING }, []),
  ]);

export interface Manager {
  readonly connection: Connection;
  readonly peer: Peer;
  /** Connect, and see who answers. Of a stranger nothing is asked: a problem (EPERM). */
  readonly reach: Subroutine;
  readonly verdict: Slot;
  /** There was a job: what it was to make may be there. */
  readonly began: Slot;
  /** Name of the error, and its text. */
  readonly refusal: Found;
  readonly why: Found;
  readonly result: Found;
  /** Where in the message the body of the answer begins, if there was no job. */
  readonly body: Slot;
  /** `unit`: offset and length. `job`: its end is waited for; else the answer. */
  ask(member: string, signature: string, unit: Slot, given: Arguments, job: boolean): readonly Line[];
  /** A call that takes a list of units, with this one. */
  askAbout(member: string, unit: Slot): readonly Line[];
}

/** What the steps that look at an answer have in common. */
interface Looking {
  readonly m: Omit<Manager, 'ask' | 'askAbout'>;
  readonly reply: Reply;
  /** Of the last call. */
  readonly serial: Slot;
  readonly hasJob: Slot;
  /** The path of its job, and how long that is; 0: there is none yet. */
  readonly job: Data;
  readonly jobSize: Slot;
  /** Position in the body. */
  readonly at: Slot;
  read(to: Found): readonly Line[];
  readonly malformed: Label;
}

/** It names the job. */
function lookAtReturn(
  { m, reply, serial, hasJob, job, jobSize, read, malformed }: Looking,
  loop: Loop,
): readonly Line[] {
  const path = slots('job_begun', 2);
  return [
    branch(reply.serial, 'NE', serial, loop.again),
    ...when(hasJob, 'EQ', 0, [move(m.verdict, Verdict.DONE), jump(loop.leave)]),
    ...read(path),
    branch(cell(path, 1), 'GE', job.size, malformed),
    format(job, [field(TemplateField.BYTES, path)], { to: jobSize }),
    move(m.began, 1),
    jump(loop.again),
  ];
}

/** To a call of the greeting, too. */
function lookAtError({ m, reply, serial, at, read }: Looking, loop: Loop): readonly Line[] {
  return [
    branch(reply.serial, 'EQ', 0, loop.again),
    ...when(reply.serial, 'GT', LAST_GREETING, [branch(reply.serial, 'NE', serial, loop.again)]),
    move(m.refusal, reply.errorName),
    move(cell(m.refusal, 1), cell(reply.errorName, 1)),
    move(m.why, 0),
    move(cell(m.why, 1), 0),
    ...when(at, 'LT', m.connection.have, read(m.why)),
    move(m.verdict, Verdict.REFUSED),
    jump(loop.leave),
  ];
}

/** JobRemoved, of our job. u: its number, o: its path, s: the unit, s: how it ended. */
function lookAtSignal({ m, reply, job, jobSize, at, read }: Looking, loop: Loop): readonly Line[] {
  const is = slot('answer_is');
  const path = slots('job_path', 2);
  return [
    branch(jobSize, 'EQ', 0, loop.again),
    ...sameWord(is, reply.member, 'JobRemoved'),
    branch(is, 'EQ', 0, loop.again),
    alu(at, at, 'ADD', 4),
    ...read(path),
    ...sameBytes(is, path, job, jobSize),
    branch(is, 'EQ', 0, loop.again),
    ...read(slots('job_unit', 2)),
    ...read(m.result),
    ...sameWord(is, m.result, 'done'),
    move(m.verdict, Verdict.DONE),
    ...when(is, 'EQ', 0, [move(m.verdict, Verdict.JOB_FAILED)]),
    jump(loop.leave),
  ];
}

/** The answer to the last call, and the end of the job that it named. */
function awaitAnswer(
  m: Omit<Manager, 'ask' | 'askAbout'>,
  reply: Reply,
  serial: Slot,
  hasJob: Slot,
): Subroutine {
  const { connection: c, verdict } = m;
  const malformed = label('answer_malformed');
  const at = slot('answer_at');
  const jobSize = slot('job_size');
  const looking: Looking = {
    ...{ m, reply, serial, hasJob, at, jobSize, malformed },
    job: buffer('job', 256),
    read: to => readText(c, at, c.have, to, malformed),
  };
  return subroutine('await_answer', [
    ...[verdict, m.began, jobSize].map(one => move(one, 0)),
    ...repeat(loop => [
      call(c.receive),
      branch(c.problem, 'NE', 0, loop.leave),
      call(reply.read),
      branch(c.problem, 'NE', 0, loop.leave),
      move(at, reply.body),
      ...when(reply.type, 'EQ', MessageType.RETURN, lookAtReturn(looking, loop)),
      ...when(reply.type, 'EQ', MessageType.ERROR, lookAtError(looking, loop)),
      branch(reply.type, 'NE', MessageType.SIGNAL, loop.again),
      ...lookAtSignal(looking, loop),
      malformed,
      move(c.problem, errnos.EPROTO.number),
      jump(loop.leave),
    ]),
  ]);
}

export function createManager({ cells, facts, options }: Launch, milliseconds = DEADLINE_MS): Manager {
  const connection = createConnection({
    sockets: options.systemd.sockets,
    greeting: greeting(),
    milliseconds,
    interrupts: cells.interrupts,
  });
  const peer = createPeer(connection.fd, facts.userNamespace !== null);
  const reply = createReply(connection);
  const { problem } = connection;
  const began = slot('job_began');
  const parts = {
    connection,
    peer,
    reach: subroutine('reach_systemd', [
      move(peer.isStranger, 0),
      // A job of another connection is none of this one's.
      move(began, 0),
      call(connection.open),
      ...when(problem, 'EQ', 0, [
        call(peer.look),
        ...when(peer.isStranger, 'NE', 0, [move(problem, errnos.EPERM.number)]),
      ]),
    ]),
    verdict: slot('verdict'),
    began,
    refusal: slots('refusal', 2),
    why: slots('refusal_text', 2),
    result: slots('job_result', 2),
    body: reply.body,
  };
  const serial = slot('serial', LAST_GREETING);
  const hasJob = slot('has_job');
  const answer = awaitAnswer(parts, reply, serial, hasJob);
  const request = (
    [member, signature]: readonly [string, string],
    unit: Slot,
    given: Arguments,
    job: boolean,
    as: Given,
  ): readonly Line[] => {
    const method: Method = { ...MANAGER, member };
    const { make, message, size } = createRequest({ ...method, signature }, unit, given, serial, as);
    return [...make, move(hasJob, job ? 1 : 0), ...deliver(connection, message, size), call(answer)];
  };
  return {
    ...parts,
    ask: (member, signature, unit, given, job) => request([member, signature], unit, given, job, 'alone'),
    askAbout: (member, unit) => request([member, 'as'], unit, nothing, false, 'listed'),
  };
}

/** A request that the other end does not take has no answer, which is found out there. */
function deliver(c: Connection, message: Data, size: Slot): readonly Line[] {
  const sent = slot('request_sent');
  const lost = label('request_lost');
  return [send(c.fd, message, size, null, { to: sent, on: [['EPIPE', 'ECONNRESET', 'EAGAIN'], lost] }), lost];
}

/** No argument but the unit. */
export const nothing: Arguments = { first: new Uint8Array(0), second: null };

/** Arguments of a call that has only a mode behind the unit. */
export const withMode = (mode: string): Arguments => ({ first: marshal('s', [mode]), second: null });

export const forget = (m: Manager, plan: ScopePlan): readonly Line[] =>
  m.ask('ResetFailedUnit', 's', plan.unit, nothing, false);

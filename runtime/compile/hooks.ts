/**
 * OCI hooks (config.md "POSIX-platform Hooks"): a process of its own for each, the state as JSON in a memfd on its stdin, a deadline.
 */
import { errnos } from '../../spec/errno.js';
import type { Hook } from '../../spec/generated/config.js';
import { TemplateField } from '../../spec/instructions.js';
import {
  CLOSE_RANGE_CLOEXEC,
  Clone,
  MFD_CLOEXEC,
  type OpenFlags,
  Prctl,
  SIG_SETMASK,
  SIGCHLD,
  SIGKILL,
  SIGSET_SIZE,
} from '../../spec/kernel.js';
import { type Action, action, type Because, failedErrno, type Track } from '../program/action.js';
import {
  buffer,
  type Data,
  field,
  label,
  ref,
  type Slot,
  slot,
  struct,
  type Template,
  text,
  u64,
  vector,
} from '../program/operand.js';
import { branch, exit, fail, format, jump, type Line, sys, track, waitReap } from '../program/step.js';
import type { Launch } from './launch.js';

export type HookStatus = 'creating' | 'created' | 'running' | 'stopped';

/** What hooks of any program need to know of the container. */
export interface HookContext {
  readonly id: Slot;
  /** Slot of the pid as the host sees it. */
  readonly pid: Slot;
  readonly environ: Slot;
  readonly ociVersion: string;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly open: OpenFlags;
  because(...path: readonly (string | number)[]): Because;
}

export function hookContext(launch: Launch, pid: Slot): HookContext {
  return {
    id: launch.cells.id,
    pid,
    environ: launch.cells.environ,
    ociVersion: launch.config.ociVersion,
    bundle: launch.options.bundle,
    annotations: launch.config.annotations ?? {},
    open: launch.open,
    because: launch.because,
  };
}

export interface HookActions {
  readonly actions: readonly Action[];
  readonly tracks: readonly Track[];
}

export function cloneArguments(name: string, flags: number | bigint, pidfd: Slot | null): Data {
  return struct(`clone_args ${name}`, [
    u64(flags),
    pidfd ? { width: 8, to: pidfd } : u64(0),
    u64(0),
    u64(0),
    u64(SIGCHLD),
    u64(0),
    u64(0),
    u64(0),
    u64(0),
    u64(0),
    u64(0),
  ]);
}

/** state.md "State", as a template. */
function stateTemplate(context: HookContext, status: HookStatus): Template {
  const { id, pid } = context;
  return [
    `{"ociVersion":${JSON.stringify(context.ociVersion)},"id":"`,
    field(TemplateField.JSON, id),
    `","status":"${status}"`,
    ...(status === 'stopped' ? [] : [',"pid":', field(TemplateField.DECIMAL, pid)]),
    `,"bundle":${JSON.stringify(context.bundle)},"annotations":${JSON.stringify(context.annotations)}}`,
  ];
}

function templateBound(t: Template): number {
  return t.reduce((n, p) => n + (typeof p === 'string' ? Buffer.byteLength(p) : 6 * 1024), 0);
}

export interface HookOptions {
  /** poststop hooks only warn; a failing one does not stop what follows (runtime.md, lifecycle step 13). */
  readonly tolerant?: boolean;
  readonly inBundle?: boolean;
  /** Of hooks without `env`; that of the caller if absent. A hook inside must not learn what the caller's holds. */
  readonly environment?: Data;
  /** Hooks inside begin under what the command begins under. */
  readonly confine?: readonly Action[];
}

export function hookActions(
  context: HookContext,
  kind: string,
  hooks: readonly Hook[],
  status: HookStatus,
  options: HookOptions = {},
): HookActions {
  if (hooks.length === 0) return { actions: [], tracks: [] };
  const template = stateTemplate(context, status);
  const state = buffer('hook_state', templateBound(template));
  const size = slot('hook_state_size');
  const actions: Action[] = [
    action({ title: `describe the container to ${kind} hooks`, because: context.because('hooks', kind) }, [
      format(state, template, { to: size }),
    ]),
  ];
  const tracks: Track[] = [];
  hooks.forEach((hook, i) => {
    const because = context.because('hooks', kind, i);
    const stdin = slot('hook_stdin');
    const pid = slot('hook_pid');
    const pidfd = slot('hook_pidfd', -1);
    const code = slot('hook_code');
    const begin = label(`hook_${kind}_${i}`);
    const late = label('hook_late');
    const done = label('hook_done');
    const bad = label('hook_failed');
    const name = `${kind}${i}`;
    const unless: readonly Line[] = options.tolerant
      ? [done]
      : [jump(done), bad, fail(errnos.ECANCELED.number), done];
    const seconds = hook.timeout;
    actions.push(
      action(
        {
          title: `run ${kind} hook ${hook.path}`,
          because,
          words: [
            `${kind} hook ${hook.path} `,
            seconds === undefined
              ? 'failed with exit code '
              : `failed or took more than ${seconds} s, exit code `,
            field(TemplateField.DECIMAL, code),
            ': ',
            field(TemplateField.ERRNO, failedErrno),
          ],
        },
        [
          sys('memfd_create', [text('state'), MFD_CLOEXEC], { to: stdin }),
          sys('write', [stdin, state, size]),
          sys('lseek', [stdin, 0, 0]),
          track(cloneArguments(name, Clone.PIDFD, pidfd), name, begin, { to: pid }),
          sys('close', [stdin]),
          waitReap(pidfd, seconds === undefined ? -1 : seconds * 1000, {
            to: code,
            on: [['ETIMEDOUT'], late],
          }),
          sys('close', [pidfd]),
          branch(code, 'NE', 0, options.tolerant ? done : bad),
          jump(done),
          late,
          sys('pidfd_send_signal', [pidfd, SIGKILL, 0, 0]),
          waitReap(pidfd, -1, { to: code }),
          sys('close', [pidfd]),
          ...(options.tolerant ? [] : [fail(errnos.ETIMEDOUT.number)]),
          ...unless,
        ],
      ),
    );
    const { environ } = context;
    tracks.push({
      name,
      actions: [
        action({ title: `be ${kind} hook ${hook.path}`, because }, [
          begin,
          // A runtime that is killed leaves no hook at work; only what the hook itself has started goes on.
          sys('prctl', [Prctl.SET_PDEATHSIG, SIGKILL, 0, 0, 0]),
          sys('rt_sigprocmask', [SIG_SETMASK, struct('no signals', [u64(0)], true), 0, SIGSET_SIZE]),
          sys('dup3', [stdin, 0, 0]),
          sys('close_range', [3, 0xffffffff, CLOSE_RANGE_CLOEXEC]),
          ...(options.inBundle === false ? [] : [sys('chdir', [text(context.bundle)])]),
        ]),
        ...(options.confine ?? []),
        action({ title: `execute ${hook.path}`, fails: [`exec hook ${hook.path}`], because }, [
          sys('execve', [
            text(hook.path),
            vector('hook arguments', hook.args && hook.args.length > 0 ? hook.args : [hook.path]),
            hook.env ? vector('hook environment', hook.env) : (options.environment ?? ref(environ)),
          ]),
        ]),
      ],
      failed: [exit(127)],
    });
  });
  return { actions, tracks };
}

/**
 * OCI hooks (config.md "POSIX-platform Hooks"): a process of its own for each, the state as JSON in a memfd on its stdin, a deadline.
 */
import { TemplateField } from '../../../spec/instructions.js';
import { Clone, MFD_CLOEXEC, type OpenFlags, SIGCHLD } from '../../../spec/kernel.js';
import type { NormalHook } from '../../../spec/normal-config.js';
import { type Action, action, type Because, failedErrno, placeOf, type Track } from '../../program/action.js';
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
  templateBound,
  text,
  u64,
  vector,
} from '../../program/operand.js';
import {
  call,
  exit,
  format,
  formatFailure,
  type Line,
  move,
  subroutine,
  sys,
  track,
} from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
import { type HookOutput, hookOutput } from './hook-output.js';
import { type HookRun, hookRun, NAMED, type Waiting } from './hook-run.js';

export type HookStatus = 'creating' | 'created' | 'running' | 'stopped';

/** What all hooks that one process runs share. */
export interface HookContext {
  readonly id: Slot;
  /** Slot of the pid as the host sees it. */
  readonly pid: Slot;
  readonly environ: Slot;
  readonly ociVersion: string;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly open: OpenFlags;
  readonly output: HookOutput;
  readonly run: HookRun;
  because(...path: readonly (string | number)[]): Because;
}

/** `inside`: the hooks are executed in the container's root. */
export function hookContext(
  launch: Launch,
  of: { readonly id: Slot; readonly pid: Slot; readonly environ: Slot },
  waiting: Waiting,
  inside = false,
): HookContext {
  const { annotations, ociVersion } = launch.normal;
  const { bundle } = launch.options;
  const output = hookOutput({ open: launch.open, bundle, annotations, inside });
  return {
    ...of,
    ociVersion,
    bundle,
    annotations,
    open: launch.open,
    output,
    run: hookRun(output, waiting),
    because: launch.because,
  };
}

export interface HookActions {
  readonly actions: readonly Action[];
  /** The same as calls, for the undoing of what cannot be an action: only of tolerant ones. */
  readonly calls: readonly Line[];
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

/** runtime.md, "State", as a template. */
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

/** A text of config.json as far as it fits into a message. */
function shortened(value: string): string {
  return value.length <= NAMED / 4 ? value : `${value.slice(0, NAMED / 4)}...`;
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
  hooks: readonly NormalHook[],
  status: HookStatus,
  options: HookOptions = {},
): HookActions {
  if (hooks.length === 0) return { actions: [], calls: [], tracks: [] };
  const { output, run } = context;
  const { tolerant = false } = options;
  const template = stateTemplate(context, status);
  const state = buffer('hook_state', templateBound(template));
  const size = slot('hook_state_size');
  const actions: Action[] = [];
  const calls: Line[] = [];
  const tracks: Track[] = [];
  /** Tolerant ones are subroutines, since they are called after failures as well. */
  const add = (
    input: { readonly title: string; readonly because: Because },
    lines: readonly Line[],
  ): void => {
    const called = tolerant ? [call(subroutine(`${kind}_hooks`, lines))] : lines;
    calls.push(...(tolerant ? called : []));
    actions.push(action(input, called));
  };
  add({ title: `describe the container to ${kind} hooks`, because: context.because('hooks', kind) }, [
    format(state, template, { to: size }),
    call(tolerant ? output.openAnyhow : output.open),
  ]);
  hooks.forEach((hook, i) => {
    const because = context.because('hooks', kind, i);
    const begin = label(`hook_${kind}_${i}`);
    const name = `${kind}${i}`;
    const { timeoutSeconds: timeout } = hook;
    add({ title: `run ${kind} hook ${hook.path}`, because }, [
      move(run.name, text(`${kind} hook #${i} ${shortened(hook.path)}`)),
      move(run.place, text(shortened(placeOf(because)))),
      move(run.milliseconds, timeout === null ? -1 : timeout * 1000),
      ...(timeout === null ? [] : [move(run.late, text(`took longer than ${timeout} s and was killed`))]),
      sys('memfd_create', [text('state'), MFD_CLOEXEC], { to: run.stdin }),
      sys('write', [run.stdin, state, size]),
      sys('lseek', [run.stdin, 0, 0]),
      call(output.begin),
      track(cloneArguments(name, Clone.PIDFD, run.pidfd), name, begin, { to: run.pid }),
      call(tolerant ? run.finishAnyhow : run.finish),
    ]);
    tracks.push(hookTrack(context, { name, kind, hook, begin, because, options }));
  });
  return { actions, calls, tracks };
}

interface HookTrack {
  readonly name: string;
  readonly kind: string;
  readonly hook: NormalHook;
  readonly begin: ReturnType<typeof label>;
  readonly because: Because;
  readonly options: HookOptions;
}

function inBundle({ bundle }: HookContext, because: Because): Action {
  const words = [`${shortened(bundle)}: `, field(TemplateField.ERRNO, failedErrno)];
  return action({ title: `be in ${bundle}`, because, words }, [sys('chdir', [text(bundle)])]);
}

/** For hooks that are executed where nothing can be opened any more. */
export function openOutput(context: HookContext): Action {
  return action(
    { title: 'open what hooks inside write to', because: context.because('hooks', 'startContainer') },
    [call(context.output.open)],
  );
}

/** The descriptors of it, which are to stay open. */
export function outputOf({ output }: HookContext): readonly Slot[] {
  return [output.stdout, output.stderr, output.fault];
}

/** The hook's own process. */
function hookTrack(context: HookContext, of: HookTrack): Track {
  const { output, run, environ } = context;
  const { hook, options } = of;
  const words = buffer('hook_fault_words', 400);
  const size = slot('hook_fault_words_size');
  return {
    name: of.name,
    actions: [
      action(
        {
          title: `be ${of.kind} hook ${hook.path}`,
          because: of.because,
          words: [field(TemplateField.ERRNO, failedErrno)],
        },
        [of.begin, call(run.become)],
      ),
      ...(options.inBundle !== false ? [inBundle(context, of.because)] : []),
      ...(options.confine ?? []),
      action(
        {
          title: `execute ${hook.path}`,
          because: of.because,
          words: [field(TemplateField.ERRNO, failedErrno)],
        },
        [
          sys('execve', [
            text(hook.path),
            vector('hook arguments', hook.args),
            hook.env ? vector('hook environment', hook.env) : (options.environment ?? ref(environ)),
          ]),
        ],
      ),
    ],
    failed: [formatFailure(words, size), sys('write', [output.fault, words, size]), exit(127)],
  };
}

import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, Clone, MFD_CLOEXEC, type OpenFlags } from '../../../spec/kernel.js';
import type { HookKind, NormalHook } from '../../../spec/normal-config.js';
import type { Action, Because, Track } from '../../program/action.js';
import { attempt } from '../../program/control.js';
import {
  buffer,
  type Data,
  field,
  label,
  ref,
  type Slot,
  slot,
  templateBound,
  text,
  vector,
} from '../../program/operand.js';
import {
  call,
  exit,
  failVerbatim,
  format,
  formatFailure,
  type Line,
  move,
  subroutine,
  sys,
  track,
} from '../../program/step.js';
import { hookEnds, hookName, hookPlace, interpreterFault } from '../../report/operations/hooks.js';
import { cloneArguments } from '../idioms/clone.js';
import { ociState, type StateOf } from '../idioms/oci-state.js';
import { operation } from '../idioms/operation.js';
import type { Launch } from '../launch/launch.js';
import { stateOf } from '../launch/told-state.js';
import type { Waiting } from './hook-ending.js';
import { type HookOutput, hookOutput } from './hook-output.js';
import { type HookRun, hookRun } from './hook-run.js';
import { takeTime } from './hook-time.js';

export type HookStatus = 'creating' | 'created' | 'running' | 'stopped';

/** What all hooks that one process runs share. */
export interface HookContext {
  readonly state: StateOf;
  readonly environ: Slot;
  readonly open: OpenFlags;
  readonly output: HookOutput;
  readonly run: HookRun;
  because(...path: readonly (string | number)[]): Because;
  readonly files: Launch['hookFiles'];
}

/** `inside`: the hooks are executed in the container's root. */
export function hookContext(
  launch: Launch,
  of: { readonly id: Slot; readonly pid: Slot; readonly environ: Slot },
  waiting: Waiting,
  inside = false,
): HookContext {
  let output: HookOutput | undefined;
  let run: HookRun | undefined;
  return {
    state: stateOf(launch, of),
    environ: of.environ,
    open: launch.open,
    // Made for whoever has hooks: most containers have none.
    get output() {
      output ??= hookOutput({
        open: launch.open,
        bundle: launch.options.bundle,
        annotations: launch.config.annotations,
        inside,
        // Inside there is a namespace in which init has the rights of root.
        tmpfs: inside || launch.facts.euid === 0,
      });
      return output;
    },
    get run() {
      run ??= hookRun(this.output, waiting);
      return run;
    },
    because: launch.because,
    files: launch.hookFiles,
  };
}

export interface HookActions {
  readonly actions: readonly Action[];
  /** The same as calls, for the undoing of what cannot be an action: only of tolerant ones. */
  readonly calls: readonly Line[];
  readonly tracks: readonly Track[];
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
  kind: HookKind,
  hooks: readonly NormalHook[],
  status: HookStatus,
  options: HookOptions = {},
): HookActions {
  if (hooks.length === 0) return { actions: [], calls: [], tracks: [] };
  const { output, run } = context;
  const { tolerant = false } = options;
  const template = ociState(context.state, status);
  const state = buffer('hook_state', templateBound(template));
  const size = slot('hook_state_size');
  const actions: Action[] = [];
  const calls: Line[] = [];
  const tracks: Track[] = [];
  /** Tolerant ones are subroutines, since they are called after failures as well. */
  const called = (lines: readonly Line[]): readonly Line[] => {
    if (!tolerant) return lines;
    const line = call(subroutine(`${kind}_hooks`, lines));
    calls.push(line);
    return [line];
  };
  const described = called([
    format(state, template, { to: size }),
    call(tolerant ? output.openAnyhow : output.open),
  ]);
  actions.push(
    operation({ kind: 'describe-to-hooks', hook: kind, because: context.because('hooks', kind) }, described),
  );
  hooks.forEach((hook, i) => {
    const because = context.because('hooks', kind, i);
    const begin = label(`hook_${kind}_${i}`);
    const name = `${kind}${i}`;
    const { path, timeoutSeconds: timeout } = hook;
    const record = { kind: 'run-hook', hook: kind, index: i, path, because } as const;
    const lines = called([
      move(run.name, text(hookName(kind, i, path))),
      move(
        run.place,
        text(hookPlace(because, because.kind === 'config' ? context.files.get(because.path) : undefined)),
      ),
      move(run.milliseconds, timeout === null ? -1 : timeout * 1000),
      ...(timeout === null ? [] : [move(run.late, text(hookEnds.late(timeout)))]),
      sys('memfd_create', [text('state'), MFD_CLOEXEC], { to: run.stdin }),
      sys('write', [run.stdin, state, size]),
      sys('lseek', [run.stdin, 0, 0]),
      call(output.begin),
      ...takeTime(run.began),
      track(cloneArguments(name, Clone.PIDFD, run.pidfd), name, begin, { to: run.pid }),
      call(tolerant ? run.finishAnyhow : run.finish),
    ]);
    actions.push(operation(timeout === null ? record : { ...record, timeout }, lines));
    tracks.push(hookTrack(context, { name, kind, hook, begin, because, options }));
  });
  return { actions, calls, tracks };
}

interface HookTrack {
  readonly name: string;
  readonly kind: HookKind;
  readonly hook: NormalHook;
  readonly begin: ReturnType<typeof label>;
  readonly because: Because;
  readonly options: HookOptions;
}

function inBundle({ state: { bundle } }: HookContext, because: Because): Action {
  return operation({ kind: 'enter-bundle', path: bundle, because }, [sys('chdir', [text(bundle)])]);
}

/** For hooks that are executed where nothing can be opened any more. */
export function openOutput(context: HookContext): Action {
  return operation({ kind: 'open-hook-output', because: context.because('hooks', 'startContainer') }, [
    call(context.output.open),
  ]);
}

/** The descriptors of it, which are to stay open. */
export function outputOf({ output }: HookContext): readonly Slot[] {
  return [output.stdout, output.stderr, output.fault];
}

/** A file that is there may lack its interpreter. Under a filter, which need not allow the question, nobody asks. */
function execute(hook: NormalHook, { environment, confine }: HookOptions, environ: Slot): readonly Line[] {
  const path = text(hook.path);
  const variables = hook.env ? vector('hook environment', hook.env) : (environment ?? ref(environ));
  const what = [path, vector('hook arguments', hook.args), variables];
  if (confine !== undefined) return [sys('execve', what)];
  const size = slot('hook_interpreter_words_size');
  const words = buffer('hook_interpreter_words', 100);
  const errno = slot('hook_not_executed');
  return attempt(['ENOENT'], missing => [sys('execve', what, { to: errno, ...missing })], [
    sys('faccessat2', [AT_FDCWD, path, 0, 0]),
    format(words, interpreterFault(field(TemplateField.ERRNO, errno)), { to: size }),
    failVerbatim(errno, words, size),
  ]);
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
      operation({ kind: 'become-hook', hook: of.kind, path: hook.path, because: of.because }, [
        of.begin,
        call(run.become),
      ]),
      ...(options.inBundle !== false ? [inBundle(context, of.because)] : []),
      ...(options.confine ?? []),
      operation(
        { kind: 'execute-hook', hook: of.kind, path: hook.path, args: hook.args, because: of.because },
        execute(hook, options, environ),
      ),
    ],
    failed: [formatFailure(words, size), sys('write', [output.fault, words, size]), exit(127)],
  };
}

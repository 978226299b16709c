/** `hooks`, of a config.json or of a tree in the registry. */
import type { Hook, Hooks } from '../../../spec/generated/config.js';
import type { RegisteredHooks } from '../../../spec/generated/registry.js';
import type { NormalHook, NormalHooks } from '../../../spec/normal-config.js';

/** Six lists, of hooks that have passed the checks. */
export function normalHooks(hooks: Hooks | RegisteredHooks = {}): NormalHooks {
  const { createRuntime = [], startContainer = [], poststart = [], poststop = [] } = hooks;
  const { prestart = [], createContainer = [] }: Hooks = hooks;
  return {
    prestart: prestart.map(normalHook),
    createRuntime: createRuntime.map(normalHook),
    createContainer: createContainer.map(normalHook),
    startContainer: startContainer.map(normalHook),
    poststart: poststart.map(normalHook),
    poststop: poststop.map(normalHook),
  };
}

/** Only poststop hooks have a timeout below 1 (check-files.ts): 0 is none to crun, and less than 0 is over at once to all. */
function normalHook({ path, args = [], env, timeout = 0 }: Hook): NormalHook {
  const [first, ...others] = args;
  return {
    path,
    args: first === undefined ? [path] : [first, ...others],
    env: env ?? null,
    timeoutSeconds: timeout === 0 ? null : Math.max(0, timeout),
  };
}

/** Hooks of a config.json whose programs others can change: a warning in the words of `hooks check`. crun and runc run them, so a launch does, too. */
import { hookKinds } from '../../spec/normal-config.js';
import type { AdmittedSpec, Diagnostic } from '../admit/admit.js';
import type { Looks } from '../host/looks.js';
import { foreignProgram } from './program.js';

/** Those of startContainer hooks are the container's affair. */
export function foreignHooks(
  { config, diagnose }: AdmittedSpec,
  euid: number,
  looks: Looks,
): readonly Diagnostic[] {
  return hookKinds
    .filter(kind => kind !== 'startContainer')
    .flatMap(kind =>
      config.hooks[kind].flatMap(({ path }, at) => {
        const fault = foreignProgram(path, euid);
        // With a warning, it is compiled each time.
        if (fault === null) looks.way(path);
        return fault === null ? [] : [diagnose(['hooks', kind, at, 'path'], fault)];
      }),
    );
}

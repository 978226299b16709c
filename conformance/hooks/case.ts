import type { Machine, Runtime } from './machine.js';

export interface HookCase {
  readonly name: string;
  readonly run: (machine: Machine) => Promise<void> | void;
}

/** The same case under each runtime. */
export const underEach = (
  name: string,
  run: (machine: Machine, runtime: Runtime) => Promise<void> | void,
): readonly HookCase[] =>
  ['chos-runtime', 'crun', 'runc'].map(runtime => ({
    name: `${name} [${runtime}]`,
    run: machine => {
      const found = machine.runtimes.find(one => one.name === runtime);
      if (found === undefined) throw new Error(`no ${runtime}`);
      return run(machine, found);
    },
  }));

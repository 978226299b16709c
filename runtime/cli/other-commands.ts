/** All commands but create, run and exec. They are bundled apart (bundle.ts). */
import type { Run } from './invocation.js';

/** Each command is loaded when it is called for: start-up time is a feature. */
export const otherCommands: Readonly<Record<string, () => Promise<Run>>> = {
  explain: async () => (await import('./explain.js')).explain,
  compile: async () => (await import('./compile.js')).compile,
  start: async () => (await import('./without-program.js')).start,
  kill: async () => (await import('./without-program.js')).kill,
  pause: async () => (await import('./without-program.js')).pause,
  resume: async () => (await import('./without-program.js')).resume,
  delete: async () => (await import('./delete.js')).deleteContainer,
  state: async () => (await import('./state.js')).state,
  list: async () => (await import('./list.js')).list,
  ps: async () => (await import('./ps.js')).ps,
  spec: async () => (await import('./spec.js')).spec,
  features: async () => (await import('./features.js')).features,
  skeleton: async () => (await import('./skeleton.js')).skeleton,
  tree: async () => (await import('./tree.js')).tree,
};

export { help } from './help.js';
export { version } from './version.js';

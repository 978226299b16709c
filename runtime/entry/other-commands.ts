/** All commands but create, run and exec. They are bundled apart (pack.ts). */
import type { Run } from '../cli/invocation.js';

/** Each command is loaded when it is called for: start-up time is a feature. */
export const otherCommands: Readonly<Record<string, () => Promise<Run>>> = {
  explain: async () => (await import('../cli/explain.js')).explain,
  facts: async () => (await import('../cli/facts.js')).facts,
  compile: async () => (await import('../cli/compile.js')).compile,
  start: async () => (await import('../cli/without-program.js')).start,
  kill: async () => (await import('../cli/without-program.js')).kill,
  pause: async () => (await import('../cli/without-program.js')).pause,
  resume: async () => (await import('../cli/without-program.js')).resume,
  delete: async () => (await import('../cli/delete.js')).deleteContainer,
  state: async () => (await import('../cli/state.js')).state,
  update: async () => (await import('../cli/update.js')).update,
  events: async () => (await import('../cli/events.js')).events,
  checkpoint: async () => (await import('../cli/checkpoint.js')).checkpoint,
  restore: async () => (await import('../cli/restore.js')).restore,
  list: async () => (await import('../cli/list.js')).list,
  ps: async () => (await import('../cli/ps.js')).ps,
  spec: async () => (await import('../cli/spec.js')).spec,
  features: async () => (await import('../cli/features.js')).features,
  skeleton: async () => (await import('../cli/skeleton.js')).skeleton,
  tree: async () => (await import('../cli/tree.js')).tree,
  doctor: async () => (await import('../cli/doctor.js')).doctor,
  dashboard: async () => (await import('../cli/dashboard.js')).dashboard,
  who: async () => (await import('../cli/who.js')).who,
  serve: async () => (await import('../cli/serve.js')).serve,
  hooks: async () => (await import('../cli/hooks.js')).hooks,
};

export { help } from '../cli/help.js';
export { version } from '../cli/version.js';

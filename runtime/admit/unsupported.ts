import { type Unsupported, unsupported } from '../../spec/features.js';
import type { Config } from '../../spec/generated/config.js';
import type { Note, ValuePath } from './diagnostic.js';

/**
 * The places in a config that ask for what spec/features.ts has as unsupported.
 * Not here: what the spec itself tells us to ignore (windows, vm, solaris, zos; unknown properties), and what only the
 * host can answer (AppArmor, SELinux, cgroup controllers), which is the compiler's to decide.
 */
const asked: Readonly<Record<Unsupported, (config: Config) => readonly ValuePath[]>> = {
  'run.oci.handler': ({ annotations }) =>
    annotations?.['run.oci.handler'] ? [['annotations', 'run.oci.handler']] : [],
};

/** Notes every row that the config asks for. */
export function checkSupported(config: Config, note: Note): void {
  for (const { feature, why } of unsupported) {
    for (const path of asked[feature](config)) note(path, { kind: 'unsupported', feature, why });
  }
}

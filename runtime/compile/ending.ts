/**
 * The stored commands of a container whose own program cannot be run: another version of chos-runtime made it, or it is damaged. They are compiled anew,
 * from what the container's directory still tells; with them every container can be ended.
 */
import type { CgroupDriverName } from '../../spec/cgroup-drivers.js';
import type { HostFacts } from '../../spec/host-facts.js';
import type { SystemdInstance } from '../../spec/systemd.js';
import type { AdmittedSpec } from '../admit/admit.js';
import type { Program } from '../program/action.js';
import { createLaunch, noOptions } from './launch/launch.js';
import { compileLifecycle } from './stored/lifecycle.js';

export interface EndingInput {
  /** The config.json that create kept, as far as it is still understood. */
  readonly spec: AdmittedSpec;
  readonly facts: HostFacts;
  readonly bundle: string;
  readonly systemd: SystemdInstance;
  /** Driver and directories of state.json; null if that does not tell: then those that create would choose now. */
  readonly cgroups: {
    readonly manager: CgroupDriverName;
    readonly directories: readonly string[];
  } | null;
}

export function compileEnding({ spec, facts, bundle, systemd, cgroups }: EndingInput): Program {
  const launch = createLaunch({
    spec,
    facts,
    environment: null,
    options: {
      ...noOptions,
      ...(cgroups === null ? {} : { cgroupManager: cgroups.manager }),
      systemd,
      entry: 'create',
      detach: true,
      bundle,
    },
  });
  return compileLifecycle(launch, cgroups?.directories);
}

/** `update`: other limits for a container, under its lock. */
import type { CgroupDriverName } from '../../spec/cgroup-drivers.js';
import type { HostFacts } from '../../spec/host-facts.js';
import type { SystemdInstance } from '../../spec/systemd.js';
import type { AdmittedResources, AdmittedSpec } from '../admit/admit.js';
import { exit } from '../program/step.js';
import { driverOf } from './cgroups/drivers.js';
import { changeSchemata } from './container/resctrl.js';
import { operation } from './idioms/operation.js';
import { createLaunch, formatPath, noOptions, rule } from './launch/launch.js';
import { type Compiled, compiled, createJudgement } from './launch/refusal.js';
import { checkStatus, entryTrack, lock, openContainer, readStatus } from './stored/container.js';
import { createContext, Status } from './stored/context.js';
import { createLifecycle } from './stored/subroutines.js';

export interface UpdateInput {
  /** The config.json that create kept. */
  readonly spec: AdmittedSpec;
  readonly asked: AdmittedResources;
  /** Lines for the container's group in resctrl. */
  readonly schemata: readonly string[];
  readonly facts: HostFacts;
  readonly systemd: SystemdInstance;
  readonly state: {
    readonly bundle: string;
    readonly chos: { readonly cgroupManager: CgroupDriverName; readonly cgroups: readonly string[] };
  };
}

export function compileUpdate({ spec, asked, schemata, facts, systemd, state }: UpdateInput): Compiled {
  const { cgroupManager, cgroups: directories } = state.chos;
  const launch = createLaunch({
    spec,
    facts,
    environment: null,
    options: { ...noOptions, cgroupManager, systemd, entry: 'create', detach: true, bundle: state.bundle },
  });
  const c = createLifecycle(createContext(launch, directories));
  const judgement = createJudgement();
  const limits = driverOf(launch).update(
    launch,
    {
      id: c.id,
      directories,
      asked: {
        resources: asked.resources,
        because: (...path) => ({
          kind: 'config',
          file: asked.file,
          line: asked.place(path).line,
          path: formatPath(path),
        }),
      },
    },
    judgement.refuse,
  );
  const usable = [Status.CREATED, Status.STARTING, Status.RUNNING, Status.PAUSED];
  return compiled(judgement, () => ({
    arch: facts.arch,
    joins: false,
    tracks: [
      entryTrack('host', [
        openContainer(c),
        lock(c),
        readStatus(c),
        checkStatus(c, 'update', usable),
        ...limits,
        ...changeSchemata(launch, c.id, schemata, rule('update')),
        operation({ kind: 'end', because: rule('update') }, [exit(0)]),
      ]),
    ],
    entries: [{ entry: 'host', track: 'host' }],
    parameters: new Map([
      ['ID', c.id],
      ['STATE_DIR', c.stateDir],
    ]),
  }));
}

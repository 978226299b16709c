/** `process`, of a config.json or of the file of exec --process. */
import { parseCpuList } from '../../../spec/cpu-list.js';
import type { Capabilities, Process, Scheduler, User } from '../../../spec/generated/config.js';
import { containerId } from '../../../spec/ids.js';
import type {
  CapabilitySets,
  CpuSet,
  NormalProcess,
  NormalScheduler,
  NormalUser,
} from '../../../spec/normal-config.js';
import { treePath } from '../../../spec/paths.js';

/** One that has passed the checks. */
export function normalProcess(process: Process): NormalProcess {
  const { capabilities, scheduler, ioPriority, execCPUAffinity } = process;
  return {
    terminal: process.terminal === true,
    consoleSize: process.consoleSize ?? null,
    user: normalUser(process.user),
    args: process.args,
    env: process.env ?? [],
    cwd: treePath(process.cwd),
    capabilities: capabilities === undefined ? null : normalCapabilities(capabilities),
    rlimits: (process.rlimits ?? []).map(({ type, soft, hard }) => ({
      type,
      soft: BigInt(soft),
      hard: BigInt(hard),
    })),
    noNewPrivileges: process.noNewPrivileges === true,
    oomScoreAdj: process.oomScoreAdj ?? null,
    apparmorProfile: process.apparmorProfile || null,
    selinuxLabel: process.selinuxLabel || null,
    scheduler: scheduler === undefined ? null : normalScheduler(scheduler),
    ioPriority:
      ioPriority === undefined ? null : { class: ioPriority.class, priority: ioPriority.priority ?? 0 },
    execCpuAffinity: { initial: cpuSet(execCPUAffinity?.initial), final: cpuSet(execCPUAffinity?.final) },
  };
}

function normalUser(user: User | undefined): NormalUser {
  return {
    uid: containerId(user?.uid ?? 0),
    gid: containerId(user?.gid ?? 0),
    umask: user?.umask ?? 0o022,
    additionalGids: (user?.additionalGids ?? []).map(containerId),
  };
}

function normalCapabilities(given: Capabilities): CapabilitySets {
  const { bounding = [], effective = [], inheritable = [], permitted = [], ambient = [] } = given;
  return { bounding, effective, inheritable, permitted, ambient };
}

function normalScheduler(given: Scheduler): NormalScheduler {
  const { policy, nice = 0, priority = 0, flags = [], runtime = 0, deadline = 0, period = 0 } = given;
  return {
    policy,
    nice,
    priority,
    flags,
    runtimeNanoseconds: runtime,
    deadlineNanoseconds: deadline,
    periodNanoseconds: period,
  };
}

/** Go's omitempty makes an empty text the same as none. */
function cpuSet(list = ''): CpuSet | null {
  const ranges = list === '' ? null : parseCpuList(list);
  return ranges === null ? null : { list, ranges };
}

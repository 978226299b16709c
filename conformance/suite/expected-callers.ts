/** What differs only when others than root call, reviewed: as in `expected.ts`, but by caller. */
import type { CallerName } from './callers.js';

export interface CallerDeviation {
  readonly runtime: 'crun' | 'runc' | 'chos-runtime';
  readonly as: readonly CallerName[];
  readonly cases: RegExp;
  readonly reason: string;
  /** It may pass as well. */
  readonly sometimes?: true;
}

const others = ['user', 'userns'] as const;

export const callerDeviations: readonly CallerDeviation[] = [
  {
    runtime: 'chos-runtime',
    as: others,
    cases: /^callers\/oom-score-below-the-callers-is-refused$/,
    reason: 'leaves the score of the caller, as rootless Podman does',
    sometimes: true,
  },
  {
    runtime: 'runc',
    as: ['user'],
    cases: /^namespaces\/users-below-others-in-mounts-of-neither$/,
    reason: 'runc 1.1 does not find its way back to the mounts of the host',
  },
  {
    runtime: 'crun',
    as: ['userns'],
    cases: /^mounts\/sysfs-of-the-host-is-read-only-with-all-below$/,
    reason: 'crun 1.8 shows the sysfs of the host without the options that were asked for',
  },
  {
    runtime: 'runc',
    as: ['userns'],
    cases: /^mounts\/sysfs-of-the-host-is-read-only-with-all-below$/,
    reason: 'runc 1.1 mounts no sysfs where the network is not its own',
  },
  {
    runtime: 'runc',
    as: ['user'],
    cases: /^map-helpers\/other-ids-of-the-user$/,
    reason: 'runc 1.1 wants to give away streams that are not the caller’s',
    sometimes: true,
  },
  {
    runtime: 'runc',
    as: others,
    cases: /^seccomp-notify\//,
    reason: 'runc 1.1 takes the descriptor with pidfd_getfd(2), which needs rights over the process',
    sometimes: true,
  },
  {
    runtime: 'runc',
    as: others,
    cases: /^errors\/(on-one-line|json-log-has-exactly-one-object|json-log-with-equals-sign)$/,
    reason:
      'runc 1.1 warns that there is no cgroup to count out-of-memory kills in before it says what failed',
  },
  {
    runtime: 'runc',
    as: others,
    cases: /^confinement\/limit-(nofile-\d|data-0|as-\d+.*|stack-\d+.*)$/,
    reason: 'runc itself is at work under the limit of the command',
    sometimes: true,
  },
  {
    runtime: 'crun',
    as: others,
    cases: /^confinement\/limit-(nofile-\d|data-0|as-\d+.*|stack-\d+.*)$/,
    reason: 'crun itself is at work under the limit of the command',
    sometimes: true,
  },
  {
    runtime: 'chos-runtime',
    as: ['user'],
    cases: /^exec\/process-file-rlimits$/,
    reason: 'the limit of the size of files holds when the last of the runtime’s own are written',
  },
  {
    runtime: 'crun',
    as: ['user'],
    cases: /^exec\/process-file-rlimits$/,
    reason: 'crun itself writes files under the limit of the command',
  },
  {
    runtime: 'crun',
    as: ['user'],
    cases: /^exec\/into-a-created-container$/,
    reason: 'crun 1.8 cannot enter the user namespace of a container that has not been started',
  },
  {
    runtime: 'crun',
    as: others,
    cases: /^callers\/limit-that-nobody-can-set-is-refused$/,
    reason: 'crun 1.8 leaves out in silence what was asked for',
  },
  {
    runtime: 'crun',
    as: ['userns'],
    cases: /^streams\/(run-lets-the-user-open-a-pipe|exec-lets-the-user-open-a-(file|pipe))-again$/,
    reason: 'crun 1.8 gives streams away only as root of the first user namespace',
    sometimes: true,
  },
];

export const callerDeviationOf = (
  runtime: string,
  name: string,
  caller: CallerName,
): CallerDeviation | undefined =>
  callerDeviations.find(
    entry => entry.runtime === runtime && entry.as.includes(caller) && entry.cases.test(name),
  );

import type { CallerName } from './callers.js';
import { callerDeviationOf } from './expected-callers.js';
import { newest } from './expected-newest.js';
import { crun, runc } from './expected-peers.js';

/**
 * Where the peers are known to differ from the contract, reviewed one by one. Such a failure counts as passed; a pass
 * counts as failed, so that the table cannot go stale. Our own runtime has no entry, ever.
 */
export interface Deviation {
  readonly runtime: 'crun' | 'runc';
  readonly case: string;
  readonly reason: string;
  /** A race: it may pass as well. */
  readonly sometimes?: true;
}

/** Both do work under the filter and the limits that are the command's. */
const atWork = (runtime: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['with', 'without'].flatMap(how =>
      ['root', 'user'].flatMap(who =>
        ['', 'exec-'].map(entry => [
          `confinement/only-execve-is-allowed-${entry}${how}-no-new-privileges-as-${who}`,
          `${runtime} itself makes calls under the filter`,
        ]),
      ),
    ),
  );

/** crun's annotations. */
const annotations: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'original-groups-kept',
    'original-groups-kept-by-presence',
    'original-groups-of-exec',
    'pidfd-receiver',
    'pidfd-receiver-where-nobody-listens',
    'seccomp-bpf-data-takes-the-place-of-the-profile',
    'unknown-system-call-fails',
    'handler-is-refused',
  ].map(name => [`annotations/${name}`, 'runc does not know the annotation']),
);

/** Properties that these releases do not look at. */
const newer = (names: readonly string[], reason: string): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map(name => [name, reason]));

const scheduling = [
  ...['other', 'batch', 'idle', 'reset-on-fork', 'priority-out-of-range-is-refused', 'io-priority'],
  ...['runtime-above-the-deadline-is-refused', 'unknown-policy-is-refused', 'io-priority-idle', 'of-exec'],
].map(name => `scheduling/${name}`);
const netDevices = [
  ...['under-its-own-name', 'under-another-name', 'under-a-name-with-a-number-of-the-kernels'],
  ...['that-is-not-there', 'under-a-name-that-is-taken', 'without-a-network-namespace'],
].map(name => `net-devices/${name}`);
const bindLinks = [
  ...['source-is-copied', 'source-is-not-copied-over-another'],
  ...['link-is-bound-on-a-link', 'link-is-covered-by-a-file'],
].map(name => `bind-links/${name}`);
const memoryPolicy = [
  ...['local', 'bind', 'interleave', 'preferred', 'of-nodes-that-are-not-there', 'without-nodes-is-refused'],
].map(name => `scheduling/memory-policy-${name}`);

export const deviations: readonly Deviation[] = [
  ...listed('crun', {
    ...newer(scheduling, 'crun knows scheduler and ioPriority from 1.9 on'),
    ...newer(memoryPolicy, 'crun 1.8 does not know memoryPolicy'),
    ...newer(netDevices, 'crun 1.8 does not know netDevices'),
    ...newer(bindLinks, 'crun 1.8 does not know the option'),
    'seccomp-notify/all-flags':
      'crun 1.8 asks for TSYNC with a listener without TSYNC_ESRCH, which the kernel refuses',
    'seccomp-notify/of-write-is-refused':
      'crun looks for the agent first, and lets every call be notified of',
    'seccomp-notify/by-default-is-refused':
      'crun looks for the agent first, and lets every call be notified of',
    'seccomp-notify/without-a-listener-is-refused': 'crun starts, and the calls fail with ENOSYS',
  }),
  ...listed('runc', {
    ...newer(scheduling, 'runc knows scheduler and ioPriority from 1.2 on'),
    ...newer(memoryPolicy, 'runc 1.1 does not know memoryPolicy'),
    ...newer(netDevices, 'runc 1.1 does not know netDevices'),
    ...newer(bindLinks, 'runc does not know the option'),
    'seccomp-notify/all-flags': 'runc 1.1 takes no flags but none',
    'seccomp-notify/the-annotation-names-the-agent': 'runc does not know the annotation',
    'scheduling/domainname': 'runc knows domainname from 1.2 on',
  }),
  ...listed('crun', { ...crun, ...atWork('crun') }),
  ...listed('runc', { ...runc, ...atWork('runc'), ...annotations }),
  {
    runtime: 'crun',
    case: 'terminal/exec-on-a-terminal',
    reason: 'crun 1.8 may take what the command writes first for a message of its own child',
    sometimes: true,
  },
  ...(['crun', 'runc'] as const).map(
    (runtime): Deviation => ({
      runtime,
      case: 'process/signals-unblocked-and-default',
      reason:
        'hands on what its own caller ignores (a CI may ignore signals that C libraries keep for themselves)',
      sometimes: true,
    }),
  ),
  ...(['crun', 'runc'] as const).map(
    (runtime): Deviation => ({
      runtime,
      case: 'confinement/limit-cpu-0-is-the-kernels-affair',
      reason: 'it is at work under the limit of the command, which may end it first',
      sometimes: true,
    }),
  ),
  {
    runtime: 'crun',
    case: 'lifecycle/start-on-a-read-only-state-root-starts-nothing',
    reason: 'crun opens the fifo before it finds that it cannot unlink it, and init may have seen its end',
    sometimes: true,
  },
  {
    runtime: 'crun',
    case: 'notify-socket/signal-comes-before-the-message-that-waits-with-it',
    reason: 'crun passes the message on before it ends',
    sometimes: true,
  },
  {
    runtime: 'crun',
    case: 'hooks/that-does-not-read-its-state',
    reason: 'crun writes the state to a pipe and may die of SIGPIPE',
    sometimes: true,
  },
  {
    runtime: 'runc',
    case: 'rlimits/open-files',
    reason: 'Go raises the soft limit at its start, at times after runc has set it from outside',
    sometimes: true,
  },
  {
    runtime: 'runc',
    case: 'terminal/exec-on-a-terminal',
    reason:
      'runc copies the window size after it has started the command, and may lose the end of its output',
    sometimes: true,
  },
  {
    runtime: 'runc',
    case: 'terminal/run-without-socket',
    reason: 'runc copies the window size after it has started the command',
    sometimes: true,
  },
];

function listed(
  runtime: Deviation['runtime'],
  reasons: Readonly<Record<string, string>>,
): readonly Deviation[] {
  return Object.entries(reasons).map(([name, reason]) => ({ runtime, case: name, reason }));
}

/** How far this runtime is expected to differ when it is called so; what differs for root may differ for others as well. */
export function deviationOf(
  runtime: string,
  name: string,
  caller: CallerName,
): Pick<Deviation, 'reason' | 'sometimes'> | undefined {
  const released = runtime.replace(/-new$/, '');
  if (released !== runtime) return newestDeviationOf(runtime, released, name, caller);
  const known = deviations.find(entry => entry.runtime === runtime && entry.case === name);
  if (caller === 'root') return known;
  return callerDeviationOf(runtime, name, caller) ?? (known && { reason: known.reason, sometimes: true });
}

/** Not run by `make test`, so that nobody would see what is listed in vain. */
function newestDeviationOf(
  runtime: string,
  released: string,
  name: string,
  caller: CallerName,
): Pick<Deviation, 'reason' | 'sometimes'> | undefined {
  const reason = newest[runtime]?.[name] ?? deviationOf(released, name, caller)?.reason;
  return reason === undefined
    ? undefined
    : { reason: reason.replace(/^(crun|runc) 1\.[\d.]*\d/, '$1'), sometimes: true };
}

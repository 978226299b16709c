import { cgroupDrivers } from '../cgroup-drivers.js';
import { flag, type Option, text } from './command.js';

/**
 * Options before the command. They never keep a stored program from being used: the front door itself obeys --root, --log,
 * --log-format, --log-level and --debug, and the cgroup driver was settled at create.
 */
export const globalOptions: readonly Option[] = [
  text('root', 'DIR', 'directory of the container states', { parameter: 'ROOT' }),
  text('log', 'FILE', 'append errors to FILE as well, and warnings only there'),
  text('log-format', 'FORMAT', 'text or json', { values: ['text', 'json'] }),
  text('log-level', 'LEVEL', 'error, warning (default) or debug (and how the service was used)', {
    values: ['error', 'warning', 'debug'],
  }),
  flag('debug', 'the same as --log-level debug'),
  flag('systemd-cgroup', 'let systemd make the cgroups'),
  text('cgroup-manager', 'DRIVER', 'cgroupfs, systemd or disabled', {
    values: cgroupDrivers,
    open: true,
  }),
  { long: 'rootless', kind: 'ignored-text', value: 'BOOL', about: 'accepted for runc and crun callers' },
  { long: 'criu', kind: 'ignored-text', value: 'FILE', about: 'accepted for runc callers' },
  flag('version', 'print the version', { short: 'v' }),
  // crun's letter for the same thing.
  flag('version', 'print the version', { short: 'V' }),
  flag('help', 'print help', { short: 'h' }),
];

/** Options that more than one command has. */
import { flag, number, type Option, text } from './command.js';

export const bundle = text('bundle', 'DIR', 'bundle directory (default: the current one)', {
  short: 'b',
  parameter: 'BUNDLE',
});
export const config = text('config', 'FILE', 'configuration file (default: config.json of the bundle)', {
  short: 'f',
  input: true,
});
export const tree = text('tree', 'NAME', 'registered tree to start, instead of the root of the bundle');
export const consoleSocket = text('console-socket', 'SOCKET', 'Unix socket that receives the terminal', {
  parameter: 'CONSOLE_SOCKET',
});
export const pidFile = text('pid-file', 'FILE', "where to write the process's pid", {
  parameter: 'PID_FILE',
});
export const preserveFds = number('preserve-fds', 'N', 'keep descriptors 3 to N+2 open in the container', {
  parameter: 'PRESERVE_FDS',
});
export const pidfdSocket = text(
  'pidfd-socket',
  'SOCKET',
  'Unix socket that receives a pidfd of the process',
  {
    parameter: 'PIDFD_SOCKET',
  },
);
export const noPivot = flag('no-pivot', 'move the mount instead of pivot_root');
export const noNewKeyring = flag('no-new-keyring', "keep the caller's session keyring");
export const noSubreaper: Option = {
  long: 'no-subreaper',
  kind: 'ignored',
  about: 'accepted for runc callers',
};
export const detached: Option = {
  long: 'detach',
  short: 'd',
  kind: 'ignored',
  about: 'accepted for runc callers',
};
export const tableOrJson = text('format', 'FORMAT', 'table or json', {
  short: 'f',
  values: ['table', 'json'],
});
export const regex = flag(
  'regex',
  'every container whose id matches this POSIX extended regular expression',
  {
    short: 'r',
  },
);

export const launch = [
  bundle,
  config,
  tree,
  consoleSocket,
  pidFile,
  preserveFds,
  pidfdSocket,
  noPivot,
  noNewKeyring,
  noSubreaper,
] as const;
export const plan = [bundle, config, tree, noPivot, noNewKeyring] as const;

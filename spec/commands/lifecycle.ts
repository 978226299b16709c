/** The life of a container, and what is asked of it. */
import { KILL_SIGNAL } from '../signals.js';
import { type Command, command, flag, list, text } from './command.js';
import {
  consoleSocket,
  detached,
  launch,
  noSubreaper,
  pidFile,
  pidfdSocket,
  preserveFds,
  regex,
  tableOrJson,
} from './shared-options.js';

export const lifecycle: readonly Command[] = [
  command('create', 'ID', 'make a container from a bundle; start runs its process', [...launch, detached], {
    input: 'bundle',
    joins: true,
    warm: true,
    again: true,
  }),
  command(
    'run',
    'ID',
    'create a container, start it and, unless detached, wait for its end',
    [
      ...launch,
      flag('detach', 'return as soon as the process runs', { short: 'd', parameter: 'DETACH' }),
      flag('keep', 'do not delete the container at its end', { parameter: 'KEEP' }),
    ],
    { input: 'bundle', joins: true, warm: true, again: true },
  ),
  command('start', 'ID', 'run the process of a created container', [], { stored: 'start' }),
  command('state', 'ID', 'print the state of a container', [], { stored: 'state', parsed: true }),
  command(
    'kill',
    'ID [SIGNAL]',
    `send a signal (default: SIG${KILL_SIGNAL}) to a container`,
    [flag('all', 'to every process of the container', { short: 'a', parameter: 'ALL' }), regex],
    { stored: 'kill', stopAtFirst: true, waits: true },
  ),
  command(
    'delete',
    'ID',
    'remove a stopped container',
    [flag('force', 'kill it first; no error if there is none', { short: 'f', parameter: 'FORCE' }), regex],
    { stored: 'delete', waits: true },
  ),
  command('list', '', 'list the containers', [tableOrJson, flag('quiet', 'ids only', { short: 'q' })], {
    warm: true,
  }),
  command(
    'exec',
    'ID [COMMAND [ARG...]]',
    'run another process in a container',
    [
      text('process', 'FILE', 'JSON file with the process', { short: 'p', input: true }),
      flag('detach', 'return as soon as the process runs', { short: 'd', parameter: 'DETACH' }),
      pidFile,
      consoleSocket,
      preserveFds,
      flag('tty', 'give it a terminal', { short: 't' }),
      text('cwd', 'DIR', 'working directory'),
      list('env', 'NAME=VALUE', 'set an environment variable', { short: 'e' }),
      text('user', 'UID[:GID]', 'user and group', { short: 'u' }),
      list('additional-gids', 'GID', 'one more group', { short: 'g' }),
      list('cap', 'CAPABILITY', 'one more capability', { short: 'c' }),
      flag('no-new-privs', 'set no_new_privs'),
      text('process-label', 'LABEL', 'SELinux label'),
      text('apparmor', 'PROFILE', 'AppArmor profile'),
      list('cgroup', '[CONTROLLER[,CONTROLLER]:]PATH', 'sub-cgroup of the container'),
      flag('ignore-paused', 'also in a paused container: it runs once that is resumed'),
      pidfdSocket,
      noSubreaper,
    ],
    { stopAtFirst: true, joins: true, input: 'named', warm: true, reuse: true },
  ),
  command('ps', 'ID [PS-OPTION...]', 'list the processes of a container', [tableOrJson], {
    stopAtFirst: true,
    parsed: true,
    waits: true,
    warm: true,
  }),
];

/**
 * The command line: one table for the argument reader, the engine's front door, commander's help, the man pages and shell completion.
 * What Podman, conmon, containerd, CRI-O and Slurm pass is in it, and what people type.
 *
 * Grammar, the same for the front door and runtime/cli/arguments.ts: global options, the command, then options and positional arguments in any order
 * (only options first where `stopAtFirst`). `--opt V` and `--opt=V`; `-o V` and `-oV`; `-ab` where both are flags; `-t=false`; `-long`
 * (one dash) when it is the full name of a long option, as go-runc writes it; `--` ends the options. The last of a repeated text wins.
 */
import { cgroupDrivers } from './cgroup-drivers.js';
import type { ParameterName } from './parameters.js';
import { KILL_SIGNAL } from './signals.js';

/** Entry points of launch programs. The number is part of the image format: append, never renumber. */
export const entries = {
  create: 0,
  run: 1,
  start: 2,
  kill: 3,
  delete: 4,
  state: 5,
  pause: 6,
  resume: 7,
  exec: 8,
  /** Sets something up on the host (tree prepare, tree release). */
  host: 9,
} as const;
export type Entry = keyof typeof entries;

export interface Option {
  /** Long name without dashes. */
  readonly long: string;
  readonly short?: string;
  /**
   * flag: no value, but `--flag=true|false` is accepted. text, number: one value, `--opt V` or `--opt=V`.
   * list: as text, may be repeated. ignored: as flag, accepted without effect. ignored-text: one value, no effect.
   */
  readonly kind: 'flag' | 'text' | 'number' | 'list' | 'ignored' | 'ignored-text';
  readonly value?: string;
  /** The values that it has, where they are few: what completion offers. */
  readonly values?: readonly string[];
  /** The command itself says what is wrong with other values; else they are refused as soon as they are read. */
  readonly open?: true;
  readonly about: string;
  /** Of a command with actions: those that it is for. With the others it is refused. */
  readonly actions?: readonly string[];
  /** The launch-program parameter that the front door fills from it. */
  readonly parameter?: ParameterName;
  /** The file that the command reads: Command.input. */
  readonly input?: true;
  /** Known, but not carried out in this version: giving it is an error, because ignoring it would change what is started. */
  readonly refused?: true;
}

export interface Command {
  readonly name: string;
  readonly about: string;
  /** Positional arguments as shown in the usage line; the first is the container id where `id` is true. */
  readonly usage: string;
  readonly id: boolean;
  /** What the first positional argument can be, where that is a verb of its own. */
  readonly actions?: readonly string[];
  /** Everything behind the first positional argument is data, even if it begins with a dash (exec, kill, ps). */
  readonly stopAtFirst: boolean;
  readonly options: readonly Option[];
  /** The stored program's entry that serves it without Node, if the options given all have parameters. */
  readonly stored?: Entry;
  /**
   * It reads a file, which the front door opens, since what the caller calls /dev/stdin or /dev/fd/63 is another file in Node. bundle: the one that an option
   * names, else config.json of the bundle (--bundle). named: only the one that an option names; the command finds others by itself.
   */
  readonly input?: 'bundle' | 'named';
  /** It starts a process inside a container: the engine goes on from a sealed memfd. */
  readonly joins?: true;
  /** Callers read stderr together with stdout as JSON (contract A4): warnings go to the log or nowhere. */
  readonly parsed?: true;
  /** It may wait for others (`tree release --drain`, ps(1)): the front door sets it no deadline once it has begun. */
  readonly waits?: true;
  /** `later`: known, so that callers get a clear answer, but this version does not carry it out. Missing: carried out. */
  readonly support?: 'later';
}

const flag = (long: string, about: string, more: Partial<Option> = {}): Option => ({
  long,
  kind: 'flag',
  about,
  ...more,
});
const text = (long: string, value: string, about: string, more: Partial<Option> = {}): Option => ({
  long,
  kind: 'text',
  value,
  about,
  ...more,
});
const number = (long: string, value: string, about: string, more: Partial<Option> = {}): Option => ({
  long,
  kind: 'number',
  value,
  about,
  ...more,
});
const list = (long: string, value: string, about: string, more: Partial<Option> = {}): Option => ({
  long,
  kind: 'list',
  value,
  about,
  ...more,
});
const later = { refused: true } as const;

/** The largest value of a number option: more descriptors than Linux lets a process have (fs.nr_open, unless somebody raises it). */
export const LARGEST_NUMBER = 2 ** 20;

/**
 * Options before the command. They never keep a stored program from being used: the front door itself obeys --root, --log,
 * --log-format, --log-level and --debug, and the cgroup driver was settled at create.
 */
export const globalOptions: readonly Option[] = [
  text('root', 'DIR', 'directory of the container states', { parameter: 'ROOT' }),
  text('log', 'FILE', 'append errors to FILE as well, and warnings only there'),
  text('log-format', 'FORMAT', 'text or json', { values: ['text', 'json'] }),
  text('log-level', 'LEVEL', 'error, warning (default) or debug (no more than warning)', {
    values: ['error', 'warning', 'debug'],
  }),
  flag('debug', 'the same as --log-level debug'),
  flag('systemd-cgroup', 'let systemd make the cgroups (not supported yet)'),
  text('cgroup-manager', 'DRIVER', 'cgroupfs or disabled (systemd: not supported yet)', {
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

const bundle = text('bundle', 'DIR', 'bundle directory (default: the current one)', {
  short: 'b',
  parameter: 'BUNDLE',
});
const config = text('config', 'FILE', 'configuration file (default: config.json of the bundle)', {
  short: 'f',
  input: true,
});
const tree = text('tree', 'NAME', 'registered tree to start, instead of the root of the bundle');
const consoleSocket = text('console-socket', 'SOCKET', 'Unix socket that receives the terminal', {
  parameter: 'CONSOLE_SOCKET',
});
const pidFile = text('pid-file', 'FILE', "where to write the process's pid", { parameter: 'PID_FILE' });
const preserveFds = number('preserve-fds', 'N', 'keep descriptors 3 to N+2 open in the container', {
  parameter: 'PRESERVE_FDS',
});
const pidfdSocket = text('pidfd-socket', 'SOCKET', 'Unix socket that receives a pidfd of the process', {
  parameter: 'PIDFD_SOCKET',
});
const noPivot = flag('no-pivot', 'move the mount instead of pivot_root');
const noNewKeyring = flag('no-new-keyring', "keep the caller's session keyring");
const noSubreaper: Option = { long: 'no-subreaper', kind: 'ignored', about: 'accepted for runc callers' };
const detached: Option = { long: 'detach', short: 'd', kind: 'ignored', about: 'accepted for runc callers' };
const tableOrJson = text('format', 'FORMAT', 'table or json', { short: 'f', values: ['table', 'json'] });
const regex = flag('regex', 'ID is a regular expression (not supported yet)', { short: 'r', ...later });

const launch = [
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
const plan = [bundle, config, tree, noPivot, noNewKeyring] as const;

const command = (
  name: string,
  usage: string,
  about: string,
  options: readonly Option[],
  more: Partial<Command> = {},
): Command => ({ name, usage, about, options, id: usage.startsWith('ID'), stopAtFirst: false, ...more });

export const treeActions = ['list', 'show', 'check', 'prepare', 'release', 'load'] as const;
export const skeletonActions = ['create', 'check', 'remove'] as const;

export const commands: readonly Command[] = [
  command('create', 'ID', 'make a container from a bundle; start runs its process', [...launch, detached], {
    input: 'bundle',
    joins: true,
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
    { input: 'bundle', joins: true },
  ),
  command('start', 'ID', 'run the process of a created container', [], { stored: 'start' }),
  command('state', 'ID', 'print the state of a container', [], { stored: 'state', parsed: true }),
  command(
    'kill',
    'ID [SIGNAL]',
    `send a signal (default: SIG${KILL_SIGNAL}) to a container`,
    [flag('all', 'to every process of the container', { short: 'a', parameter: 'ALL' }), regex],
    { stored: 'kill', stopAtFirst: true },
  ),
  command(
    'delete',
    'ID',
    'remove a stopped container',
    [flag('force', 'kill it first; no error if there is none', { short: 'f', parameter: 'FORCE' }), regex],
    { stored: 'delete' },
  ),
  command('list', '', 'list the containers', [tableOrJson, flag('quiet', 'ids only', { short: 'q' })]),
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
    { stopAtFirst: true, joins: true, input: 'named' },
  ),
  command('ps', 'ID [PS-OPTION...]', 'list the processes of a container', [tableOrJson], {
    stopAtFirst: true,
    parsed: true,
    waits: true,
  }),
  command('spec', '', 'write a config.json to begin with', [
    text('bundle', 'DIR', 'directory to write to (default: the current one)', { short: 'b' }),
    text('file', 'FILE', 'file to write (default: config.json)', { short: 'f' }),
    text('tree', 'NAME', 'for a registered tree: the whole host view, no mount namespace'),
    flag('rootless', 'for a user without privileges (not supported yet)', later),
  ]),
  command('features', '', 'print what this runtime supports, as JSON', [], { parsed: true }),
  command(
    'explain',
    '[BUNDLE|ID]',
    'print what would happen, action by action',
    [
      text('format', 'FORMAT', 'text or json', { values: ['text', 'json'] }),
      flag('steps', 'also every system call'),
      ...plan,
    ],
    { input: 'named' },
  ),
  command(
    'compile',
    '[BUNDLE]',
    'write one static executable that starts the container without Node',
    [text('output', 'FILE', 'the executable', { short: 'o' }), ...plan],
    { input: 'named' },
  ),
  command(
    'tree',
    `${treeActions.join('|')} [NAME|FILE]`,
    'work with the registered trees',
    [
      { ...tableOrJson, actions: ['list', 'show'] },
      flag('all', 'prepare: every tree whose back end can be pinned', { short: 'a', actions: ['prepare'] }),
      flag('check', "load: only compare the kernel's list with the registry", { actions: ['load'] }),
      flag('drain', 'release: let nobody in any more, then wait for the holders', { actions: ['release'] }),
      flag('force', 'release: although somebody holds it; holders keep what they see', {
        actions: ['release'],
      }),
    ],
    { actions: treeActions, waits: true },
  ),
  command(
    'skeleton',
    `${skeletonActions.join('|')} [PATH]`,
    "the root of environments by the kernel's link",
    [flag('force', 'remove: although somebody uses it; he keeps what he sees', { actions: ['remove'] })],
    { actions: skeletonActions },
  ),
  command('pause', 'ID', 'freeze the processes of a container', [], { stored: 'pause' }),
  command('resume', 'ID', 'thaw the processes of a container', [], { stored: 'resume' }),
  command(
    'update',
    'ID',
    'change the limits of a container',
    [
      text('resources', 'FILE', 'JSON file with the limits, - for stdin', { short: 'r' }),
      ...[
        'blkio-weight',
        'cpu-period',
        'cpu-quota',
        'cpu-burst',
        'cpu-share',
        'cpu-rt-period',
        'cpu-rt-runtime',
        'cpu-idle',
        'cpuset-cpus',
        'cpuset-mems',
        'memory',
        'memory-reservation',
        'memory-swap',
        'kernel-memory',
        'kernel-memory-tcp',
        'pids-limit',
        'l3-cache-schema',
        'mem-bw-schema',
      ].map(name => text(name, 'VALUE', 'new value')),
    ],
    { support: 'later' },
  ),
  command(
    'events',
    'ID',
    'print statistics and events of a container',
    [text('interval', 'DURATION', 'time between two statistics'), flag('stats', 'statistics once')],
    { support: 'later' },
  ),
  command(
    'checkpoint',
    'ID',
    'save the processes of a container to files',
    [
      ...['image-path', 'work-path', 'parent-path', 'status-fd', 'page-server', 'manage-cgroups-mode'].map(
        name => text(name, 'VALUE', 'as in CRIU'),
      ),
      list('empty-ns', 'NAMESPACE', 'as in CRIU'),
      text('network-lock', 'METHOD', 'as in CRIU'),
      ...[
        'leave-running',
        'tcp-established',
        'tcp-skip-in-flight',
        'link-remap',
        'ext-unix-sk',
        'shell-job',
        'lazy-pages',
        'file-locks',
        'pre-dump',
        'auto-dedup',
      ].map(name => flag(name, 'as in CRIU')),
    ],
    { support: 'later' },
  ),
  command(
    'restore',
    'ID',
    'start a container from saved files',
    [
      ...[
        'image-path',
        'work-path',
        'parent-path',
        'manage-cgroups-mode',
        'lsm-profile',
        'lsm-mount-context',
      ].map(name => text(name, 'VALUE', 'as in CRIU')),
      list('empty-ns', 'NAMESPACE', 'as in CRIU'),
      ...[
        'tcp-established',
        'tcp-close',
        'tcp-skip-in-flight',
        'link-remap',
        'ext-unix-sk',
        'shell-job',
        'lazy-pages',
        'file-locks',
        'auto-dedup',
      ].map(name => flag(name, 'as in CRIU')),
      bundle,
      consoleSocket,
      pidFile,
      preserveFds,
      noPivot,
      noNewKeyring,
      noSubreaper,
      detached,
    ],
    { support: 'later' },
  ),
];

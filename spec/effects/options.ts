/** For each option that does something: a test that fails when it is ignored. Those that are ignored or refused say so in spec/commands.ts. */
import { commands, globalOptions, type Option } from '../commands.js';
import type { Proof } from './proof.js';

/** `--log`, `create --bundle` */
export interface NamedOption {
  readonly name: string;
  readonly command: string | null;
  readonly option: Option;
}

const suite = (file: string): string => `conformance/suite/cases/${file}.ts`;
const options = 'runtime/cli/options.test.ts';
const execProcess = 'runtime/cli/exec-process.test.ts';
const trees = 'conformance/trees/cases.ts';
const hooks = 'conformance/hooks/by-hand-cases.ts';
const versions = 'conformance/trees/version-cases.ts';
const imports = 'conformance/trees/import-cases.ts';
const refusedImports = 'conformance/trees/import-refused-cases.ts';
const recipesFile = 'conformance/trees/recipe-cases.ts';
const held = 'conformance/trees/held-cases.ts';
const doctor = 'conformance/trees/doctor-cases.ts';
const dashboard = 'conformance/trees/dashboard-cases.ts';
const who = 'conformance/trees/who-cases.ts';

const files: readonly (readonly [file: string, test: string, options: readonly string[]])[] = [
  [suite('command-line'), 'command-line/root-with-equals-sign', ['--root']],
  [suite('errors'), 'errors/text-log', ['--log']],
  [suite('errors'), 'errors/json-log-has-exactly-one-object', ['--log-format']],
  [
    'runtime/engine/test/warnings.test.ts',
    '--log-level error hides them, debug does not',
    ['--log-level', '--debug'],
  ],
  [options, 'cgroup drivers differ in what is planned', ['--systemd-cgroup', '--cgroup-manager']],
  ['runtime/cli/arguments.test.ts', 'help and version', ['--version', '--help']],
  [
    suite('state-and-list'),
    'state/bundle-is-absolute-when-given-relative',
    ['create --bundle', 'run --bundle'],
  ],
  [suite('inputs'), 'inputs/config-from-stdin', ['create --config', 'run --config']],
  [
    options,
    'what is planned goes by the options',
    [
      ...['create', 'run'].flatMap(name =>
        ['tree', 'no-pivot', 'no-new-keyring'].map(long => `${name} --${long}`),
      ),
      ...['bundle', 'config', 'tree', 'no-pivot', 'no-new-keyring', 'steps', 'format'].map(
        long => `explain --${long}`,
      ),
      ...['bundle', 'config', 'tree', 'no-pivot', 'no-new-keyring', 'output'].map(
        long => `compile --${long}`,
      ),
    ],
  ],
  [
    'runtime/cli/facts-file.test.ts',
    'a file of facts takes the place of this machine',
    ['explain --facts', 'compile --facts'],
  ],
  [
    suite('terminal'),
    'terminal/console-socket-gets-one-master',
    ['create --console-socket', 'run --console-socket'],
  ],
  [suite('command-line'), 'command-line/pid-file-without-newline', ['create --pid-file', 'run --pid-file']],
  [suite('command-line'), 'descriptors/preserve-fds-over-create-and-start', ['create --preserve-fds']],
  [suite('command-line'), 'descriptors/preserve-fds', ['run --preserve-fds']],
  [suite('pidfd-socket'), 'pidfd-socket/create-sends-that-of-init', ['create --pidfd-socket']],
  [suite('pidfd-socket'), 'pidfd-socket/run-in-the-foreground', ['run --pidfd-socket']],
  [suite('command-line'), 'command-line/run-detached', ['run --detach']],
  [suite('compiled'), 'keep', ['run --keep']],
  [suite('kill'), 'kill/*-reaches-every-process', ['kill --all']],
  [suite('lifecycle'), 'lifecycle/delete-forced-while-paused', ['delete --force']],
  [suite('state-and-list'), 'list/json', ['list --format']],
  [suite('state-and-list'), 'list/quiet', ['list --quiet']],
  [suite('state-and-list'), 'ps/json', ['ps --format']],
  [suite('exec'), 'exec/process-file-*', ['exec --process']],
  [suite('exec'), 'exec/detached-with-pid-file', ['exec --detach', 'exec --pid-file']],
  [suite('terminal'), 'terminal/exec-with-console-socket', ['exec --console-socket']],
  [suite('command-line'), 'descriptors/preserve-fds-in-exec', ['exec --preserve-fds']],
  [
    execProcess,
    "the command line changes the container's own process",
    ['tty', 'cwd', 'env', 'additional-gids', 'cap', 'no-new-privs'].map(long => `exec --${long}`),
  ],
  [execProcess, '--user without a group leaves the group', ['exec --user']],
  [execProcess, 'labels come from the command line', ['exec --process-label', 'exec --apparmor']],
  [suite('exec-cgroups'), 'exec-cgroups/a-sub-cgroup-of-one-controller', ['exec --cgroup']],
  [suite('exec'), 'exec/killed-before-its-command', ['exec --ignore-paused']],
  [suite('pidfd-socket'), 'pidfd-socket/exec-sends-that-of-the-new-process', ['exec --pidfd-socket']],
  [trees, 'spec --tree writes the bundle that needs no mount', ['spec --tree', 'spec --bundle']],
  [suite('command-line'), 'command-line/spec-to-an-absolute-path', ['spec --file']],
  [suite('regex'), 'regex/kill', ['kill --regex']],
  [suite('regex'), 'regex/delete-forced', ['delete --regex']],
  [suite('events'), 'events/stats', ['events --stats']],
  [suite('events'), 'events/again-and-again-until-it-ends', ['events --interval']],
  ['runtime/cli/rootless-config.test.ts', 'what spec --rootless writes', ['spec --rootless']],
  [
    'runtime/serve/service.test.ts',
    'it ends when it is told to, or when nobody asks, and takes its socket away',
    ['serve --idle'],
  ],
  [suite('update'), 'update/from-*', ['update --resources']],
  [
    suite('update'),
    'update/options',
    [
      ...['memory', 'memory-swap', 'memory-reservation', 'cpu-share', 'cpu-period'],
      ...['cpu-quota', 'cpuset-cpus', 'cpuset-mems', 'pids-limit'],
    ].map(long => `update --${long}`),
  ],
  [
    suite('update'),
    'update/more-options',
    ['cpu-burst', 'cpu-idle', 'blkio-weight', 'kernel-memory-tcp', 'cpu-rt-period'].map(
      long => `update --${long}`,
    ),
  ],
  [
    suite('update'),
    'update/what-this-kernel-has-not-is-told',
    ['cpu-rt-runtime', 'kernel-memory', 'l3-cache-schema', 'mem-bw-schema'].map(long => `update --${long}`),
  ],
  [
    suite('checkpoint'),
    'every-option-of-checkpoint-reaches-criu',
    [
      ...['image-path', 'work-path', 'parent-path', 'leave-running', 'pre-dump', 'tcp-skip-in-flight'],
      ...['link-remap', 'ext-unix-sk', 'shell-job', 'lazy-pages', 'file-locks', 'auto-dedup'],
      ...['manage-cgroups-mode', 'empty-ns', 'page-server', 'status-fd', 'network-lock'],
    ].map(long => `checkpoint --${long}`),
  ],
  [
    suite('checkpoint'),
    'tells-criu-what-is-the-hosts-and-lets-the-container-go-on',
    ['checkpoint --tcp-established'],
  ],
  [
    suite('checkpoint'),
    'every-option-of-restore-reaches-criu',
    [
      ...['image-path', 'work-path', 'config', 'detach', 'tcp-established', 'tcp-close', 'link-remap'],
      ...['tcp-skip-in-flight', 'ext-unix-sk', 'shell-job', 'lazy-pages', 'file-locks', 'auto-dedup'],
      ...['manage-cgroups-mode', 'empty-ns', 'lsm-profile', 'lsm-mount-context'],
    ].map(long => `restore --${long}`),
  ],
  [suite('checkpoint'), 'restore-makes-a-container-as-any-other', ['restore --bundle', 'restore --pid-file']],
  [suite('checkpoint'), 'restore-sends-the-terminal-to-the-console-socket', ['restore --console-socket']],
  [trees, 'list, show and check tell of the trees', ['tree --format']],
  [
    'conformance/trees/registry-cases.ts',
    'prepare --all prepares what can be prepared, and tells what cannot',
    ['tree --all'],
  ],
  ['conformance/trees/chos-cases.ts', 'how a tree is entered can be read before', ['tree --steps']],
  ['conformance/vm/cases/kmod.ts', 'exit code of load --check', ['tree --check']],
  [
    imports,
    'a tar comes in with all that it has, in any compression, and is an environment at once',
    ['tree --name', 'tree --devices'],
  ],
  [
    recipesFile,
    'a recipe of the program makes a registered tree, by its own name or another',
    ['tree --mirror', 'tree --package'],
  ],
  [imports, 'the record says what it was made of', ['tree --digest']],
  [
    'conformance/trees/json-cases.ts',
    'each action says what it has found or done, and nothing else',
    ['tree --json'],
  ],
  [versions, 'nothing is shared if it is not wanted, nor from behind a link', ['tree --share']],
  [versions, 'what is exported comes in again as it was', ['tree --output']],
  [imports, 'of several images the one that is named', ['tree --image']],
  [refusedImports, 'more than there may be is refused before anything is unpacked', ['tree --limit']],
  [held, 'release --drain lets nobody in any more and waits for the holders', ['tree --drain']],
  [held, 'drain with a deadline gives up then, and lets launches in again', ['tree --deadline']],
  [held, 'release --force drops it at once; who is inside keeps what he sees', ['tree --force']],
  [
    'conformance/trees/skeleton-cases.ts',
    'remove refuses while somebody is inside, and names him',
    ['skeleton --force'],
  ],
  [
    'conformance/trees/skeleton-cases.ts',
    'create, check and remove say as JSON what they have found and done',
    ['skeleton --json'],
  ],
  [doctor, 'what is wrong is told with what mends it', ['doctor --json']],
  [who, 'processes of a generation, by whatever way they are in it', ['who --json']],
  [
    dashboard,
    'strangers: other names, other methods, pages of other sites, other paths',
    ['dashboard --listen', 'dashboard --public', 'dashboard --name'],
  ],
  [dashboard, 'starts that are measured', ['dashboard --start', 'dashboard --interval']],
  [hooks, 'by-hand/list of these directories', ['hooks --dir', 'hooks --hooks-dir', 'hooks --format']],
  [hooks, 'by-hand/run tells the hook of bundle and stage', ['hooks --bundle', 'hooks --stage']],
];

export const optionProofs: ReadonlyMap<string, Proof> = new Map(
  files.flatMap(([file, test, names]) => names.map(name => [name, { file, test }] as const)),
);

/** Every option of the commands that are carried out, each long name once. */
export function namedOptions(): readonly NamedOption[] {
  const all = [
    ...globalOptions.map(option => ({ name: `--${option.long}`, command: null, option })),
    ...commands
      .filter(({ support }) => support !== 'later')
      .flatMap(({ name: command, options: own }) =>
        own.map(option => ({ name: `${command} --${option.long}`, command, option })),
      ),
  ];
  return [...new Map(all.map(named => [named.name, named])).values()];
}

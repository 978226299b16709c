/** What stands before a container: its configuration, its program, the trees of the site. */
import { type Command, command, flag, list, type Option, text } from './command.js';
import { plan, tableOrJson } from './shared-options.js';

/** Those of imported trees (docs/trees-in.md). */
export const storeActions = [
  'create',
  'import',
  'update',
  'versions',
  'rollback',
  'remove',
  'gc',
  'digest',
  'export',
] as const;
export type StoreAction = (typeof storeActions)[number];
export const treeActions = [
  'list',
  'show',
  'check',
  'entry',
  'files',
  'prepare',
  'release',
  'drain',
  'load',
  ...storeActions,
] as const;
type TreeAction = (typeof treeActions)[number];

const treeOperands: Readonly<Record<TreeAction, string>> = {
  list: '',
  show: 'NAME',
  check: '[NAME|FILE]',
  entry: 'NAME',
  files: '[NAME]',
  // Or --all.
  prepare: '[NAME]',
  release: 'NAME[@GENERATION]',
  drain: 'NAME[@GENERATION]',
  load: '',
  create: 'RECIPE',
  import: 'SOURCE',
  update: 'NAME SOURCE',
  versions: 'NAME',
  rollback: 'NAME [VERSION]',
  remove: 'NAME',
  gc: '[NAME]',
  digest: 'NAME|DIRECTORY',
  export: 'NAME|DIRECTORY',
};

const makers = ['create', 'import', 'update'] as const;
const fromImages = ['import', 'update'] as const;

const json = flag('json', 'print what is found, made or done as JSON, and nothing on the way');

/** Options of those. */
const treesIn: readonly Option[] = [
  text('name', 'NAME', 'create, import: the name of the tree (create: by default that of the recipe)', {
    actions: ['create', 'import'],
  }),
  text('image', 'NAME', 'import, update: which image of an archive or layout that has several', {
    actions: fromImages,
  }),
  text('digest', 'DIGEST', 'import, update: what the SHA-256 of the file must be, sha256:HEX', {
    actions: fromImages,
  }),
  text('mirror', 'URL', 'create, or recipe:NAME: instead of the first repository of the recipe', {
    actions: makers,
  }),
  list('package', 'NAME', 'create, or recipe:NAME: besides those of the recipe, repeated', {
    actions: makers,
  }),
  text('limit', 'SIZE', 'create, import, update: refuse what is larger when it is unpacked', {
    actions: makers,
  }),
  flag('devices', 'create, import, update: with device nodes', { actions: makers }),
  text('share', 'HOW', 'update: how files that did not change lie on the disk once (default: auto)', {
    values: ['auto', 'reflink', 'hardlink', 'none'],
    actions: ['update'],
  }),
  text('output', 'FILE', 'export: the tar, compressed by what its name ends in', {
    short: 'o',
    actions: ['export'],
  }),
  json,
];

export const skeletonActions = ['create', 'check', 'remove'] as const;

const skeletonOperands: Readonly<Record<(typeof skeletonActions)[number], string>> = {
  create: '[PATH]',
  check: '[PATH]',
  remove: '[PATH]',
};

export const hookActions = ['list', 'check', 'match', 'run', 'install', 'remove'] as const;

const hookOperands: Readonly<Record<(typeof hookActions)[number], string>> = {
  list: '',
  check: '[DIR]',
  match: '[BUNDLE]',
  run: 'HOOK',
  install: 'NAME',
  remove: 'NAME',
};

const ofFacts = text(
  'facts',
  'FILE',
  'for the machine and caller of FILE, which the command facts has printed',
);

export const environments: readonly Command[] = [
  command(
    'spec',
    '',
    'write a config.json to begin with',
    [
      text('bundle', 'DIR', 'directory to write to (default: the current one)', { short: 'b' }),
      text('file', 'FILE', 'file to write (default: config.json)', { short: 'f' }),
      text('tree', 'NAME', 'for a registered tree: the whole host view, no mount namespace'),
      flag('rootless', 'for a user without privileges, in a user namespace of one id'),
    ],
    { warm: true },
  ),
  command('features', '', 'print what this runtime supports, as JSON', [], { parsed: true, warm: true }),
  command(
    'explain',
    '[BUNDLE|ID]',
    'print what would happen, action by action',
    [
      text('format', 'FORMAT', 'text or json', { values: ['text', 'json'] }),
      flag('steps', 'also every system call'),
      ofFacts,
      ...plan,
    ],
    { input: 'named', warm: true },
  ),
  command(
    'facts',
    '',
    'print what is known of this machine and caller, for explain and compile elsewhere',
    [],
    {
      warm: true,
    },
  ),
  command(
    'compile',
    '[BUNDLE]',
    'write one static executable that starts the container without Node',
    [text('output', 'FILE', 'the executable', { short: 'o' }), ofFacts, ...plan],
    { input: 'named' },
  ),
  command(
    'tree',
    `${treeActions.join('|')} [NAME|FILE|SOURCE|RECIPE] [SOURCE|VERSION]`,
    'work with the registered trees',
    [
      { ...tableOrJson, actions: ['list', 'show', 'check'] },
      flag('steps', 'entry: also every system call', { actions: ['entry'] }),
      flag('all', 'prepare: every tree whose back end can be pinned', { short: 'a', actions: ['prepare'] }),
      flag('check', "load: only compare the kernel's list with the registry", { actions: ['load'] }),
      flag('drain', 'release: let nobody in any more, then wait for the holders', { actions: ['release'] }),
      text(
        'deadline',
        'DURATION',
        'drain, release --drain: give up then, and let launches in again, such as 10m',
        {
          actions: ['release', 'drain'],
        },
      ),
      flag('force', 'release: although somebody holds it; holders keep what they see', {
        actions: ['release'],
      }),
      ...treesIn,
    ],
    { actions: treeActions, operands: treeOperands, waits: true, streams: true },
  ),
  command(
    'skeleton',
    `${skeletonActions.join('|')} [PATH]`,
    "the root of environments by the kernel's link",
    [
      json,
      flag('force', 'remove: although somebody uses it; he keeps what he sees', { actions: ['remove'] }),
    ],
    { actions: skeletonActions, operands: skeletonOperands },
  ),
  command('who', '[NAME|PID]', 'which tree each process is in', [
    flag('json', 'print it as JSON (spec/who.schema.json)'),
  ]),
  command('doctor', '', 'what on this machine keeps trees and containers from working, and what mends it', [
    flag('json', 'print it as JSON (spec/doctor.schema.json)'),
  ]),
  command(
    'dashboard',
    '',
    'a web page of trees, who is in them, and health; metrics for Prometheus',
    [
      text('listen', 'ADDRESS:PORT', 'where it is to be had (default: 127.0.0.1:9870)'),
      flag('public', 'also on an address that other machines reach'),
      list('name', 'HOST', 'a name by which browsers may ask for it, repeated'),
      list('start', 'NAME', 'measure how long starts in this tree take, by starting true there, repeated'),
      text('interval', 'DURATION', 'time between two such starts, such as 30s (default: 1m)'),
    ],
    { waits: true, streams: true },
  ),
  command(
    'hooks',
    `${hookActions.join('|')} [DIR|BUNDLE|HOOK]`,
    'work with the hooks of hooks.d',
    [
      { ...tableOrJson, actions: ['list', 'match'] },
      list('dir', 'DIR', "directory of hooks, repeated; default: Podman's two"),
      list('hooks-dir', 'DIR', 'as --dir'),
      text('bundle', 'DIR', 'run: the bundle that the hook is told of (default: the current directory)', {
        short: 'b',
        actions: ['run'],
      }),
      text('stage', 'STAGE', 'run: the stage (default: the first of the hook)', { actions: ['run'] }),
    ],
    { actions: hookActions, operands: hookOperands, waits: true },
  ),
];

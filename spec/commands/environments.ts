/** What stands before a container: its configuration, its program, the trees of the site. */
import { type Command, command, flag, text } from './command.js';
import { plan, tableOrJson } from './shared-options.js';

export const treeActions = ['list', 'show', 'check', 'prepare', 'release', 'load'] as const;
export const skeletonActions = ['create', 'check', 'remove'] as const;

export const environments: readonly Command[] = [
  command('spec', '', 'write a config.json to begin with', [
    text('bundle', 'DIR', 'directory to write to (default: the current one)', { short: 'b' }),
    text('file', 'FILE', 'file to write (default: config.json)', { short: 'f' }),
    text('tree', 'NAME', 'for a registered tree: the whole host view, no mount namespace'),
    flag('rootless', 'for a user without privileges, in a user namespace of one id'),
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
];

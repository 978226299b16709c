import type { OperationOf } from '../../../spec/operations/index.js';
import type { root as catalog } from '../../../spec/operations/root.js';
import { placeOf } from '../../program/action.js';
import type { WordsOf } from './words-of.js';

const listed = (options: readonly string[]): string => (options.length > 0 ? ` (${options.join()})` : '');

const bound = (o: Omit<OperationOf<'bind'>, 'kind' | 'because'>): string =>
  `bind ${o.source} on ${o.destination}${o.recursive ? ' with what is below' : ''}${listed(o.options)}`;

const mounted = (o: Pick<OperationOf<'mount'>, 'type' | 'destination' | 'options'>): string =>
  `mount ${o.type} on ${o.destination}${listed(o.options)}`;

/** What a user namespace makes of it. */
function confined({ otherwise, without }: Pick<OperationOf<'mount'>, 'otherwise' | 'without'>): string {
  const left = without === undefined ? '' : `, without ${without.join()}, which is not mapped`;
  return otherwise === undefined
    ? left
    : `${left}, or bind ${otherwise} of the host if the user namespace may not`;
}

const named = (d: Pick<OperationOf<'device'>, 'path' | 'type' | 'major' | 'minor'>): string =>
  `device ${d.path} (${d.type} ${d.major}:${d.minor})`;

const bare = (o: { readonly path: string }) => [`open root filesystem ${o.path}`];

/** Its message, or its warning. */
export function deviceMissed(o: Omit<OperationOf<'check-device'>, 'kind'>): string {
  const where = o.of === 'config' ? 'that config.json binds' : 'that the environment shows, the host’s';
  return `${named(o)} is not made: it is not in the /dev ${where}${placeOf(o.because)}`;
}

/** The whole message: most that fail so are file systems. */
export function cannotMap(
  o: Pick<OperationOf<'bind'>, 'because'> & { readonly destination: string },
): string {
  return `map the owners of the mount on ${o.destination}: Invalid argument: its file system does not take maps, or the kernel not this one${placeOf(o.because)}`;
}

const COSTS = ': what the host mounts later will not show up, nor autofs work';

export const root: WordsOf<typeof catalog> = {
  'separate-mounts': { title: o => `stop mounts from reaching the host (${o.propagation})` },
  'mount-root': { title: o => `mount the root ${o.path}`, fails: bare },
  'find-root': { title: o => `find the root ${o.path}`, fails: bare },
  'open-root': { title: o => `enter the root ${o.path}`, fails: bare },
  'make-working-directory': { title: o => `make ${o.path} if it is missing` },
  'make-root-readonly': { title: () => 'make the root read-only' },
  pivot: { title: () => 'make the root "/"' },
  'unmount-host': { title: o => `unmount the ${o.path} of the host` },
  'move-root': { title: () => 'move the root to / and chroot into it' },
  chroot: { title: () => 'chroot' },
  'propagate-root': { title: o => `make the root ${o.propagation}${o.cutsOff ? COSTS : ''}` },

  bind: { title: bound },
  mount: { title: o => mounted(o) + confined(o), fails: o => [mounted(o)] },
  'mount-cgroups': {
    title: o =>
      o.shown.length > 0
        ? `mount cgroup on ${o.destination}`
        : `mount nothing on ${o.destination} (no cgroups)`,
  },
  remount: { title: o => `change ${o.bind ? bound(o) : mounted(o)}` },
  'copy-shared': { title: o => `copy ${o.source}, so that mounts below ${o.destination} reach the host` },
  'enter-mounts-of-init': { title: () => 'enter the mount namespace of init' },
  'leave-mounts-of-init': { title: () => 'leave the mount namespace of init' },
  'give-sources': { title: o => `give init what it binds (${o.count})` },
  'take-sources': { title: o => `take what the host has opened (${o.count})` },
  'open-source': { title: o => `open ${o.source} for ${o.destination}` },
  'seal-mount': { title: o => `make ${o.destination} read-only` },

  'open-dev': { title: () => 'open /dev' },
  device: { title: o => `make ${named(o)}` },
  'bind-device': {
    title: o => `bind ${named(o)} of the host, because no device can be made in a user namespace`,
    fails: o => [`bind ${named(o)} of the host`],
  },
  'check-device': { title: o => `see ${named(o)} in ${o.in}` },
  'link-devices': { title: () => 'make the symlinks in /dev' },

  'open-kernel-directory': { title: o => `open ${o.path}` },
  'open-null': { title: () => 'open the /dev/null of the container' },
  'let-go-of-null': { title: () => 'let go of /dev/null' },
  mask: { title: o => `mask ${o.path}` },
  'make-readonly': { title: o => `make ${o.path} read-only` },

  'connect-console': { title: () => 'connect to the console socket' },
  'need-terminal': {
    title: () => 'check that stdin is a terminal',
    message: () => [
      'process.terminal is true, but stdin is not a terminal; set it to false, or give --console-socket',
    ],
  },
  'open-terminal': { title: () => 'open a terminal in /dev/pts' },
  'bind-console': { title: () => 'bind the terminal on /dev/console' },
  'send-terminal': {
    title: o => `send the terminal to the ${o.to === 'foreground' ? 'foreground' : 'console socket'}`,
  },
  'take-terminal': { title: () => 'make the terminal the standard streams' },

  'set-name': { title: o => `set ${o.property} to ${o.value}` },
  'open-procfs': { title: () => 'open a procfs of our own' },
  sysctl: { title: o => `set ${o.name} to ${o.value}` },
  'use-label': {
    title: o =>
      o.of === 'SELinux' ? `use the SELinux label ${o.label}` : `use the AppArmor profile ${o.label}`,
  },

  'make-skeleton': { title: o => `make ${o.at ?? 'the root'} a skeleton` },
  'make-link': { title: o => `link ${o.path} to ${o.target}` },
  'make-mount-point': { title: o => `make ${o.type === 'file' ? 'the file ' : ''}${o.path}` },
  'bind-tree': { title: o => `bind ${o.path} of the tree` },
  'seal-skeleton': { title: () => 'make the skeleton read-only' },
};

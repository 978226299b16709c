/**
 * A service manager wants to hear that its service is ready, and names a socket for it in NOTIFY_SOCKET (sd_notify(3)). The container is shown one of its own
 * instead, as with runc: the manager believes the process that it has started, which is the command, and the pids of the container mean nothing to it.
 */
import { MountAttr } from '../../../spec/kernel.js';
import type { NormalConfig } from '../../../spec/normal-config.js';
import type { BindMount } from '../../../spec/normal-mount.js';
import { type HostPath, treePath, treePlace } from '../../../spec/paths.js';

/** In the state directory, and the socket in it. */
export const NOTIFY_DIRECTORY = 'notify';
export const NOTIFY_FILE = 'notify.sock';

/** Where the container has the directory. */
const INSIDE = '/run/notify';

const nothing = { set: 0, clear: 0 } as const;

function shown(source: HostPath): BindMount {
  return {
    kind: 'bind',
    source,
    destination: treePath(INSIDE),
    place: treePlace(INSIDE),
    options: ['bind', 'nosuid', 'noexec', 'nodev', 'ro'],
    own: { set: MountAttr.NOSUID | MountAttr.NOEXEC | MountAttr.NODEV | MountAttr.RDONLY, clear: 0 },
    recursive: nothing,
    propagation: null,
    data: [],
    idMap: null,
    below: false,
    links: { source: 'followed', destination: 'followed' },
    copyUp: false,
    withoutEffect: [],
  };
}

/** What of the options of a launch is asked for, and changed. */
interface Notifying {
  readonly notify: HostPath | null;
  readonly environmentEntries: readonly string[];
}

/** Without a mount namespace nothing can be shown, and nobody is told: config.json and options as they are carried out. */
export function withNotifySocket<Options extends Notifying>(
  config: NormalConfig,
  options: Options,
): { readonly config: NormalConfig; readonly options: Options } {
  const { notify } = options;
  if (notify === null) return { config, options };
  if (!config.linux.namespaces.has('mount')) return { config, options: { ...options, notify: null } };
  return {
    config: { ...config, mounts: [...config.mounts, shown(notify)] },
    options: {
      ...options,
      environmentEntries: [...options.environmentEntries, `NOTIFY_SOCKET=${INSIDE}/${NOTIFY_FILE}`],
    },
  };
}

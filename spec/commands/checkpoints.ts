/** Processes into files, and back, by CRIU. */
import { cgroupModes, emptyNamespaces, networkLocks } from '../criu.js';
import { type Command, command, flag, list, number, text } from './command.js';
import { bundle, config, consoleSocket, noSubreaper, pidFile } from './shared-options.js';

const places = [
  text('image-path', 'DIR', 'directory of the images (default: checkpoint)'),
  text('work-path', 'DIR', "directory of CRIU's log (default: that of the images)"),
] as const;

const ways = [
  flag('tcp-established', 'with open TCP connections'),
  flag('tcp-skip-in-flight', 'without TCP connections that are just being made'),
  flag('link-remap', 'with open files that have lost the name by which they were opened'),
  flag('ext-unix-sk', 'with datagram sockets connected to Unix sockets outside'),
  flag('shell-job', 'with a terminal whose session is not in the container'),
  flag('lazy-pages', 'memory is fetched when it is needed (`criu lazy-pages`)'),
  flag('file-locks', 'with file locks'),
  flag('auto-dedup', 'free what is in earlier images, too'),
  text('manage-cgroups-mode', 'MODE', 'what becomes of cgroups below its own (default: soft)', {
    values: Object.keys(cgroupModes),
    open: true,
  }),
  list('empty-ns', 'NAMESPACE', 'namespace without what is in it', {
    values: Object.keys(emptyNamespaces),
    open: true,
  }),
] as const;

const forRunc = 'accepted for runc callers';

export const checkpoints: readonly Command[] = [
  command(
    'checkpoint',
    'ID',
    'save the processes of a container to files, with CRIU',
    [
      ...places,
      text('parent-path', 'DIR', 'images of an earlier --pre-dump, seen from --image-path'),
      flag('leave-running', 'the container goes on'),
      flag('pre-dump', 'only memory, before a checkpoint with --parent-path; the container goes on'),
      ...ways,
      text('page-server', 'ADDRESS:PORT', 'send memory there (`criu page-server`)'),
      number('status-fd', 'FD', 'descriptor to which CRIU writes when it waits for readers (--lazy-pages)'),
      text('network-lock', 'METHOD', 'how connections are held meanwhile', {
        values: Object.keys(networkLocks),
        open: true,
      }),
    ],
    { waits: true },
  ),
  command(
    'restore',
    'ID',
    'start a container from saved files, with CRIU',
    [
      ...places,
      { long: 'parent-path', kind: 'ignored-text', value: 'DIR', about: `${forRunc}: the images say it` },
      bundle,
      config,
      consoleSocket,
      pidFile,
      flag('detach', 'return as soon as the processes run', { short: 'd', parameter: 'DETACH' }),
      ...ways,
      flag('tcp-close', 'close the TCP connections that were open'),
      text('lsm-profile', 'TYPE:NAME', 'another AppArmor profile or SELinux label'),
      text('lsm-mount-context', 'CONTEXT', 'another SELinux context of mounts'),
      { long: 'no-pivot', kind: 'ignored', about: forRunc },
      { long: 'no-new-keyring', kind: 'ignored', about: forRunc },
      noSubreaper,
    ],
    { input: 'bundle', waits: true },
  ),
];

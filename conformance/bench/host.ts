/** What a benchmark could leave on the host: mounts, cgroups, states. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const mountPoints = (): readonly string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .trim()
    .split('\n')
    .map(line => line.split(' ')[4] ?? '');

const names = (directory: string): readonly string[] =>
  statSync(directory, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(directory).map(name => join(directory, name))
    : [];

/** Paths that are there now; compare two calls to find what is new. */
export const hostTraces = (): readonly string[] => [
  ...mountPoints().map(path => `mount ${path}`),
  ...names('/sys/fs/cgroup')
    .flatMap(names)
    .filter(path => path.includes('chosbench-')),
  ...['/run/chos-runtime', '/run/crun', '/run/runc', '/run/chos-floor', '/etc/chos.d'].flatMap(names),
];

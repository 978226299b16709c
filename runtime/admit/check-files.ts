import type { Config, Mount } from '../../spec/generated/config.js';
import { idOptions, toIdAsTheKernel } from '../../spec/ids.js';
import { checkAbsolute } from './check-text.js';
import type { Note } from './diagnostic.js';

/** With one of these a mount needs no file system type. */
const typeless = new Set([
  'bind',
  'rbind',
  'remount',
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
  'unbindable',
  'runbindable',
]);

const hookKinds = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;

/** The root and the mounts. */
export function checkMounts(config: Config, note: Note, warn: Note): void {
  if (config.root.path === '') note(['root', 'path'], { kind: 'empty' });
  for (const [index, mount] of (config.mounts ?? []).entries()) {
    const where = ['mounts', index, 'destination'];
    if (mount.destination === '') note(where, { kind: 'empty' });
    else if (!mount.destination.startsWith('/')) warn(where, { kind: 'taken-from-root' });
    const { options = [], source = '', type = '' } = mount;
    if (isBind(mount) && !options.includes('remount')) {
      if (source === '')
        note(['mounts', index, 'source'], { kind: mount.source === '' ? 'empty' : 'missing' });
    } else if (type === '' && !options.some(option => typeless.has(option))) {
      note(['mounts', index, 'type'], { kind: mount.type === '' ? 'empty' : 'missing' });
    }
    for (const [at, option] of options.entries()) {
      const [, key = '', value = ''] = /^([^=]*)=(.*)$/.exec(option) ?? [];
      if (idOptions.has(key) && toIdAsTheKernel(value) === 'none')
        note(['mounts', index, 'options', at], { kind: 'not-an-id' });
    }
  }
}

/** By its type or by an option, as in mount(8). */
export function isBind({ type, options = [] }: Mount): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind');
}

/** All hooks: absolute paths, timeouts of at least a second. Their environments are passed on as they are, like those of execve(2). */
export function checkHooks(config: Config, note: Note): void {
  for (const kind of hookKinds) {
    for (const [index, hook] of (config.hooks?.[kind] ?? []).entries()) {
      const base = ['hooks', kind, index];
      checkAbsolute(hook.path, [...base, 'path'], note);
      if (hook.timeout !== undefined && hook.timeout <= 0) {
        note([...base, 'timeout'], { kind: 'out-of-range', minimum: '1', maximum: '2147483647' });
      }
    }
  }
}

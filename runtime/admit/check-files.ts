import type { Config } from '../../spec/generated/config.js';
import { idOptions, toIdAsTheKernel } from '../../spec/ids.js';
import { type HookKind, hookKinds } from '../../spec/normal-config.js';
import { checkAbsolute } from './check-text.js';
import type { Note } from './diagnostic.js';
import { mountKind } from './normal/mounts.js';

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

/** The root and the mounts. */
export function checkMounts(config: Config, note: Note, warn: Note): void {
  if (config.root.path === '') note(['root', 'path'], { kind: 'empty' });
  for (const [index, mount] of (config.mounts ?? []).entries()) {
    const where = ['mounts', index, 'destination'];
    if (mount.destination === '') note(where, { kind: 'empty' });
    else if (!mount.destination.startsWith('/')) warn(where, { kind: 'taken-from-root' });
    const { options = [], source = '', type = '' } = mount;
    if (mountKind(mount) === 'bind') {
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

/** Those that runc and crun both execute in the bundle's directory. */
const hooksInBundle: readonly HookKind[] = ['prestart', 'createRuntime', 'poststart', 'poststop'];

/**
 * All hooks: absolute paths, timeouts of at least a second. What runc and crun both start with is only warned of: a path such as `./hook`, and anything in
 * a poststop hook, whose failure keeps nothing from succeeding. Environments are passed on as they are, like those of execve(2).
 */
export function checkHooks(config: Config, note: Note, warn: Note): void {
  for (const kind of hookKinds) {
    for (const [index, { path, timeout = 1 }] of (config.hooks?.[kind] ?? []).entries()) {
      const base = ['hooks', kind, index];
      const last = kind === 'poststop';
      if (path === '' && last) warn([...base, 'path'], { kind: 'without-effect' });
      // Of a bare name crun looks in PATH, runc in the bundle.
      else if (!path.startsWith('/') && (last || (path.includes('/') && hooksInBundle.includes(kind))))
        warn([...base, 'path'], { kind: 'taken-from-bundle' });
      else checkAbsolute(path, [...base, 'path'], note);
      if (timeout > 0) continue;
      if (last)
        warn([...base, 'timeout'], { kind: 'odd-timeout', meaning: timeout === 0 ? 'none' : 'at-once' });
      else note([...base, 'timeout'], { kind: 'out-of-range', minimum: '1', maximum: '2147483647' });
    }
  }
}

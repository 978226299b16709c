/** One way of writing what config.json may write in several: the rest of the compiler sees no other. */
import type { Config, Hook, Linux } from '../../spec/generated/config.js';
import type { NormalConfig } from '../../spec/normal-config.js';
import { hostPath } from '../../spec/paths.js';
import { normalHooks } from './normal/hooks.js';
import { normalLinux } from './normal/linux.js';
import { normalMounts } from './normal/mounts.js';
import { normalProcess } from './normal/process.js';

/** A config that has passed all checks, read once and for all. */
export function normalConfig(config: Config): NormalConfig {
  const { root, annotations = {}, linux = {} } = config;
  const ociVersion = fullVersion(config.ociVersion);
  return {
    ociVersion,
    root: { path: hostPath(root.path), readonly: root.readonly === true },
    mounts: normalMounts(config.mounts),
    process: normalProcess(config.process),
    hostname: config.hostname || null,
    domainname: config.domainname || null,
    hooks: normalHooks(config.hooks),
    annotations,
    linux: normalLinux(linux, ociVersion),
  };
}

/** A config that has passed all checks, in the form that Config describes. */
export function normalForm(config: Config): Config {
  const { mounts, linux, hooks } = config;
  return {
    ...config,
    ociVersion: fullVersion(config.ociVersion),
    ...(mounts === undefined
      ? {}
      : { mounts: mounts.map(mount => ({ ...mount, destination: fromRoot(mount.destination) })) }),
    ...(linux === undefined ? {} : { linux: plainLinux(linux) }),
    ...(hooks?.poststop === undefined
      ? {}
      : { hooks: { ...hooks, poststop: hooks.poststop.map(withPlainTimeout) } }),
  };
}

/** 0 is none to crun, and less than 0 is over at once to all. */
function withPlainTimeout(hook: Hook): Hook {
  const { timeout = 1, ...others } = hook;
  if (timeout > 0) return hook;
  return timeout === 0 ? others : { ...others, timeout: 0 };
}

/** `v1.0` is 1.0.0: crun looks for "1.0" and runc does not look, so callers have written what they liked. */
function fullVersion(text: string): string {
  const [, numbers, suffix = ''] = /^v?(1(?:\.\d+)*)([-+].*)?$/.exec(text) ?? [];
  if (numbers === undefined) return text;
  const [major = '1', minor = '0', patch = '0'] = numbers.split('.');
  return `${major}.${minor}.${patch}${suffix}`;
}

/** As runc and crun take it: from the root of the container. */
export function fromRoot(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** `..` as at the root of a hierarchy, where it leads nowhere. */
export function withoutDots(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `${path.startsWith('/') ? '/' : ''}${parts.join('/')}`;
}

function plainLinux(linux: Linux): Linux {
  const { devices, cgroupsPath, maskedPaths, readonlyPaths } = linux;
  return {
    ...linux,
    ...(devices === undefined
      ? {}
      : { devices: devices.map(device => ({ ...device, path: fromRoot(device.path) })) }),
    ...(cgroupsPath?.split('/').includes('..') ? { cgroupsPath: withoutDots(cgroupsPath) } : {}),
    ...(maskedPaths === undefined ? {} : { maskedPaths: hidden(maskedPaths) }),
    ...(readonlyPaths === undefined ? {} : { readonlyPaths: hidden(readonlyPaths) }),
  };
}

/** An empty path hides nothing. It stays in the list, for the places of the others in the file, unless it is all there is. */
function hidden(paths: readonly string[]): readonly string[] {
  return paths.some(path => path !== '') ? paths.map(path => (path === '' ? '' : fromRoot(path))) : [];
}

/** One way of writing what config.json may write in several: the rest of the compiler sees no other. */
import type { Config } from '../../spec/generated/config.js';
import type { NormalConfig } from '../../spec/normal-config.js';
import { hostPath } from '../../spec/paths.js';
import { normalHooks } from './normal/hooks.js';
import { normalLinux } from './normal/linux.js';
import { normalMounts } from './normal/mounts.js';
import { normalProcess } from './normal/process.js';
import { unitProperties } from './normal/systemd-properties.js';

/** A config that has passed all checks, read once and for all. */
export function normalForm(config: Config): NormalConfig {
  const { root, annotations = {}, linux = {} } = config;
  const ociVersion = fullVersion(config.ociVersion);
  return {
    ociVersion,
    root: { path: hostPath(root.path), readonly: root.readonly === true },
    mounts: normalMounts(config.mounts, { uids: linux.uidMappings ?? [], gids: linux.gidMappings ?? [] }),
    process: normalProcess(config.process),
    hostname: config.hostname || null,
    domainname: config.domainname || null,
    hooks: normalHooks(config.hooks),
    annotations,
    unitProperties: unitProperties(annotations),
    linux: normalLinux(linux, ociVersion),
  };
}

/** `v1.0` is 1.0.0: crun looks for "1.0" and runc does not look, so callers have written what they liked. */
function fullVersion(text: string): string {
  const [, numbers, suffix = ''] = /^v?(1(?:\.\d+)*)([-+].*)?$/.exec(text) ?? [];
  if (numbers === undefined) return text;
  const [major = '1', minor = '0', patch = '0'] = numbers.split('.');
  return `${major}.${minor}.${patch}${suffix}`;
}

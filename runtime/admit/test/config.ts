/** A config.json for tests of admit. */
import { oneLine } from '../../report/diagnostic.js';
import { admit } from '../admit.js';

export type Tree = { [key: string]: unknown };

/** What every case below changes in one place. */
export function validConfig(): Tree {
  return {
    ociVersion: '1.2.0',
    process: { args: ['sh'], cwd: '/', user: { uid: 0, gid: 0 }, env: ['PATH=/bin'] },
    root: { path: 'rootfs' },
    hostname: 'box',
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: {
      namespaces: [
        { type: 'mount' },
        { type: 'uts' },
        { type: 'ipc' },
        { type: 'network', path: '/run/netns/a' },
      ],
    },
  };
}

/** Sets what a path such as `process.args[0]` names; `undefined` takes it away. */
export function changed(path: string, value: unknown): Tree {
  const config = validConfig();
  if (path === '') return config;
  const parts = path.match(/[^.[\]]+/g) ?? [];
  let current: Tree = config;
  for (const part of parts.slice(0, -1)) {
    current[part] ??= {};
    current = current[part] as Tree;
  }
  const last = parts[parts.length - 1] ?? '';
  if (value === undefined) delete current[last];
  else current[last] = value;
  return config;
}

export function refusal(text: string): readonly string[] {
  const result = admit({ file: 'config.json', text });
  return result.kind === 'refused' ? result.diagnostics.map(oneLine) : [];
}

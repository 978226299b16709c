/** `exec --cgroup`, as runc has it: PATH, or CONTROLLER[,CONTROLLER]:PATH, from the container's cgroup. */
import type { SubCgroup } from '../compile/cgroups/driver.js';
import { type Attempt, ok, refuse } from './invocation.js';

/** A path may hold colons (systemd's do), a controller no slash. */
function subCgroup(given: string): SubCgroup | null {
  const [, names = '', path = ''] = /^(?:([^/:]+):)?(.*)$/s.exec(given) ?? [];
  const parts = path.split('/').filter(part => part !== '' && part !== '.');
  if (parts.includes('..') || path.includes('\0')) return null;
  return { controllers: names.split(',').filter(name => name !== ''), path: parts.join('/') };
}

export function subCgroups(given: readonly string[]): Attempt<readonly SubCgroup[]> {
  const out: SubCgroup[] = [];
  for (const value of given) {
    const read = subCgroup(value);
    if (read === null) {
      const expected = '[CONTROLLER:]PATH without ..';
      return refuse({ kind: 'usage', fault: { kind: 'bad-value', option: '--cgroup', value, expected } });
    }
    out.push(read);
  }
  return ok(out);
}

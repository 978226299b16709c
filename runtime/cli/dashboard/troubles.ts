/** The last failures: what the dashboard has seen go wrong since it was started. The same again is counted, not listed again; old ones make room. */
import type { Trouble } from './site.js';

const MOST = 50;

export interface Troubles {
  readonly add: (where: string, what: string, at: number) => void;
  /** The last first. */
  readonly all: () => readonly Trouble[];
}

export function troublesOf(): Troubles {
  const known = new Map<string, Trouble>();
  return {
    add(where, what, at) {
      const key = `${where}\0${what}`;
      const before = known.get(key);
      known.delete(key);
      known.set(key, { where, what, first: before?.first ?? at, last: at, times: (before?.times ?? 0) + 1 });
      const [oldest] = known.keys();
      if (known.size > MOST && oldest !== undefined) known.delete(oldest);
    },
    all: () => [...known.values()].reverse(),
  };
}

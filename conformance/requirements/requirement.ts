/** Levels of RFC 2119 that say something about runtimes; what a page says of bundles and callers has no row. */
export type Level = 'MUST' | 'SHOULD';

export interface Requirement {
  /** Page of the runtime specification. */
  readonly page: 'runtime' | 'config' | 'config-linux' | 'features';
  readonly section: string;
  readonly level: Level;
  /** In a few words of our own. */
  readonly words: string;
  /** Cases of `conformance/suite`, or of `conformance/vm` (groups `cgroup2`, ...), that fail where it does not hold. */
  readonly cases: readonly string[];
}

/** The rows of one section: level, words, cases. */
export const section = (
  page: Requirement['page'],
  name: string,
  rows: readonly (readonly [Level, string, ...string[]])[],
): readonly Requirement[] =>
  rows.map(([level, words, ...cases]) => ({ page, section: name, level, words, cases }));

/** The same numbers on every machine, from one seed. */
export interface Random {
  below(limit: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
  chance(percent: number): boolean;
}

/** xorshift32 */
export function createRandom(seed: number): Random {
  let state = seed | 1;
  const below = (limit: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  return {
    below,
    pick: items => items[below(items.length)] ?? items[0],
    chance: percent => below(100) < percent,
  };
}

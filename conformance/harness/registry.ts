/** Cases of one part that register themselves; the part of a name before the slash is its group. */
export interface Registry<Case extends { readonly name: string }> {
  add(one: Case): void;
  all(): readonly Case[];
}

/** Two cases of one name are a mistake. */
export function createRegistry<Case extends { readonly name: string }>(): Registry<Case> {
  const registered: Case[] = [];
  return {
    add(one) {
      if (registered.some(({ name }) => name === one.name))
        throw new Error(`two cases are called ${one.name}`);
      registered.push(one);
    },
    all: () => registered,
  };
}

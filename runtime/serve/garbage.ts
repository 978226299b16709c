/** Garbage of the thread that calls, freed now: Node has gc() by --expose-gc (SERVICE_FLAGS), Bun has its own. */
const { Bun, gc } = globalThis as {
  readonly Bun?: { readonly gc: (wait: boolean) => void };
  readonly gc?: () => void;
};

export const collectGarbage: () => void = Bun === undefined ? () => gc?.() : () => Bun.gc(true);

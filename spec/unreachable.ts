/** The end of a switch over a union: the type checker proves that no member is left. Reaching it is a bug. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

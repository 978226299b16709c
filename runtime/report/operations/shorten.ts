/** As much of a text as is shown, and a mark where it was cut: by that the engine sees that a name may have been, too (runtime/engine/door/names.c). `length`: in UTF-16 units. */
export const shorten = (value: string, length: number): string =>
  value.length <= length ? value : `${value.slice(0, length - 1)}…`;

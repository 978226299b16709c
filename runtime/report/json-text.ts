/** JSON text of a value with bigints, which JSON.stringify does not take: numbers of 64 bits with all their digits. */
export function jsonText(value: unknown, indent = 0): string {
  const mark = '\u0001bigint:';
  const text = JSON.stringify(
    value,
    (_, inner: unknown) => (typeof inner === 'bigint' ? `${mark}${inner}` : inner),
    indent,
  );
  return text.replace(/"\\u0001bigint:(-?\d+)"/g, '$1');
}

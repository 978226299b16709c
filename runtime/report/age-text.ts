/** 45s, 12m, 5h, 30d: since an RFC 3339 time; two of a unit at least. */
export function ageText(created: string | null, now = Date.now()): string {
  const seconds = Math.floor((now - Date.parse(created ?? '')) / 1000);
  if (Number.isNaN(seconds)) return '-';
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
  ] as const;
  const [size, unit] = units.find(([least]) => seconds >= 2 * least) ?? ([1, 's'] as const);
  return `${Math.max(0, Math.floor(seconds / size))}${unit}`;
}

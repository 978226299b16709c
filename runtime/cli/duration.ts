const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Milliseconds of a duration as Go writes it (5s, 1m30s, 1.5h, 500ms), at least 1; null: it is none, or not above 0. */
export function durationOf(text: string): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy)];
  if (parts.length === 0 || parts.reduce((length, [part]) => length + part.length, 0) !== text.length)
    return null;
  const nanoseconds = parts.reduce(
    (all, [, number, unit = '']) => all + Number(number) * (NANOSECONDS[unit] ?? 0),
    0,
  );
  // The longest that poll(2) takes.
  return nanoseconds > 0 ? Math.min(Math.max(1, Math.ceil(nanoseconds / 1e6)), 2 ** 31 - 1) : null;
}

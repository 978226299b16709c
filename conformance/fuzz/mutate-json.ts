/** Any value of JSON, changed anywhere and anyhow; and its text, broken. */
import type { Random } from '../harness/random.js';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export const texts = [
  '',
  '/',
  '..',
  '../../../etc/passwd',
  '/proc/self/fd/3',
  'a\0b',
  'a\nb',
  '\u001b[31m',
  '\ud800',
  'é',
  'x'.repeat(300),
  'x'.repeat(70_000),
  '/a'.repeat(3_000),
  '%s%n',
  '-1',
  '"',
  '\\',
] as const;
export const numbers = [
  -1,
  0,
  1,
  0.5,
  1e308,
  -0,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  -(2 ** 63),
  1e-9,
] as const;

function anything(random: Random): Json {
  switch (random.below(8)) {
    case 0:
      return null;
    case 1:
      return random.chance(50);
    case 2:
      return random.pick(numbers);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return [random.pick(numbers), random.pick(texts), null];
    default:
      return random.pick(texts);
  }
}

/** Every place in a value that can be changed: its holder and its name there. */
function places(value: Json): { holder: Json[] | { [name: string]: Json }; name: string | number }[] {
  if (value === null || typeof value !== 'object') return [];
  const names = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return names.flatMap(name => [{ holder: value, name }, ...places(get(value, name))]);
}

function get(holder: Json[] | { [name: string]: Json }, name: string | number): Json {
  return (holder as { [name: string | number]: Json })[name] ?? null;
}

function set(holder: Json[] | { [name: string]: Json }, name: string | number, value: Json): void {
  (holder as { [name: string | number]: Json })[name] = value;
}

/** Change anything anywhere. */
export function mutateAnywhere(random: Random, config: Json): void {
  const all = places(config);
  const place = all[random.below(all.length)];
  if (place === undefined) return;
  const { holder, name } = place;
  const value = get(holder, name);
  switch (random.below(6)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(name), 1);
      else delete holder[String(name)];
      return;
    case 1:
      if (Array.isArray(holder)) holder.push(structuredClone(value));
      else holder[`${String(name)}x`] = structuredClone(value);
      return;
    case 2:
      if (typeof value === 'string') set(holder, name, value + random.pick(texts));
      else if (typeof value === 'number') set(holder, name, random.pick(numbers));
      else set(holder, name, anything(random));
      return;
    case 3: {
      const other = all[random.below(all.length)];
      if (other !== undefined) set(holder, name, structuredClone(get(other.holder, other.name)));
      return;
    }
    case 4:
      if (Array.isArray(value))
        set(
          holder,
          name,
          Array.from({ length: 1 + random.below(60) }, () => structuredClone(value[0] ?? 'x')),
        );
      else set(holder, name, anything(random));
      return;
    default:
      set(holder, name, anything(random));
  }
}

/** As a text; sometimes broken as one. */
export function brokenText(random: Random, value: Json): string {
  const text = JSON.stringify(value, null, random.pick([0, 2]));
  if (!random.chance(5)) return text;
  const at = random.below(text.length);
  return random.chance(50) ? text.slice(0, at) : text.slice(0, at) + random.pick(texts) + text.slice(at);
}

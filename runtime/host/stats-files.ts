/** Numbers from the files of a cgroup. What is missing counts as 0: another kernel, another controller. */
import { readdirSync, readFileSync } from 'node:fs';

/** A bigint where the number is beyond 2^53. */
export type Count = number | bigint;

export function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}

/** Decimal digits; null: something else, such as max. */
export function countOf(text: string | undefined): Count | null {
  if (text === undefined || !/^\d+$/.test(text)) return null;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

export const times = (count: Count, factor: number): Count => {
  const product = Number(count) * factor;
  return Number.isSafeInteger(product) ? product : BigInt(count) * BigInt(factor);
};

export const sum = (one: Count, other: Count): Count => {
  const both = Number(one) + Number(other);
  return Number.isSafeInteger(both) ? both : BigInt(one) + BigInt(other);
};

/** The one number of a file; `max` is `unlimited`. */
export function numberIn(path: string, unlimited: Count = 0): Count {
  const text = textOf(path)?.trim();
  return text === 'max' ? unlimited : (countOf(text) ?? 0);
}

/** Lines of `NAME NUMBER`. */
export function tableIn(path: string): Readonly<Record<string, Count>> {
  const rows = (textOf(path) ?? '').split('\n').map(line => line.split(' '));
  return Object.fromEntries(
    rows.flatMap(([name = '', value]) => {
      const count = countOf(value);
      return count === null ? [] : [[name, count]];
    }),
  );
}

/** `0-2,7` as numbers. A list of the kernel's own: short enough to be written out. */
export function listIn(path: string): readonly number[] {
  const text = textOf(path)?.trim() ?? '';
  return text.split(',').flatMap(part => {
    const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (from === undefined) return [];
    const first = Number(from);
    return Array.from({ length: Number(to ?? from) - first + 1 }, (_, n) => first + n);
  });
}

/** Sizes of huge pages for which there is a file `hugetlb.SIZE.SUFFIX`. */
export function pageSizes(directory: string, suffix: string): readonly string[] {
  try {
    return readdirSync(directory).flatMap(name =>
      name.startsWith('hugetlb.') && name.endsWith(`B.${suffix}`)
        ? [name.slice('hugetlb.'.length, -suffix.length - 1)]
        : [],
    );
  } catch {
    return [];
  }
}

/** Without what is 0 or empty: encoding/json's omitempty, which readers of runc's output know. */
export function present<T extends Readonly<Record<string, unknown>>>(object: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([, value]) => value !== 0 && value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  ) as Partial<T>;
}

/** Pieces of C: what the tables of the engine are written with. */

export type Numbers = Readonly<Record<string, number>>;

export const upper = (name: string) => name.replace(/[^a-zA-Z0-9]/g, '_').toUpperCase();
export const quote = (text: string) => `"${text.replace(/[\\"]/g, '\\$&').replace(/\0/g, '\\0')}"`;
export const define = (prefix: string, numbers: Numbers) =>
  Object.entries(numbers).map(([name, value]) => `#define ${prefix}${upper(name)} 0x${value.toString(16)}`);

export const defineTexts = (texts: Readonly<Record<string, string>>) =>
  Object.entries(texts).map(([name, text]) => `#define ${name} ${quote(text)}`);

/** What a check says. */

export type Result = 'ok' | 'note' | 'fault';

export interface Line {
  /** fault: something that was asked for does not work. note: it works, but not as it could; or it was not looked at. */
  readonly result: Result;
  readonly what: string;
  /** The command that mends it, for a shell; null: there is none, or the words say what has to be written where. */
  readonly mend: string | null;
}

export const ok = (what: string): Line => ({ result: 'ok', what, mend: null });
export const note = (what: string, mend: string | null = null): Line => ({ result: 'note', what, mend });
export const fault = (what: string, mend: string | null = null): Line => ({ result: 'fault', what, mend });

/** A word as a shell takes it: names of files, users and trees are whatever somebody made them. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function counted(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`;
}

/** The first few of a list. */
export function some(names: readonly string[], most = 4): string {
  const more = names.length - most;
  return more > 1 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ');
}

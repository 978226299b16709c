/** Control characters, and what turns the direction of writing: neither belongs into a message. */
const invisible = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** Most of what is shown: a table may have many thousand cells. */
const plain = /^[ -~]*$/;

/** Text from outside, safe to print on one line of a terminal or a log: such characters become \u{...}. */
export function visible(text: string): string {
  if (plain.test(text)) return text;
  return text.replace(invisible, character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

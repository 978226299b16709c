/** What is wrong with a message: it has to be a sentence of one line that a person can act on. */
export function badMessage(message: string): readonly string[] {
  const found: string[] = [];
  if (message === '') found.push('no message');
  if (/\p{Cc}/u.test(message)) found.push(`a message of more than one line: ${JSON.stringify(message)}`);
  if (message.length > 6_000)
    found.push(`a message of ${message.length} characters: ${message.slice(0, 200)}`);
  if (/undefined|NaN|\[object|bug in chos|TypeError|RangeError/.test(message.replace(/`[^`]*`/g, '')))
    found.push(`not for people: ${message.slice(0, 300)}`);
  return found;
}

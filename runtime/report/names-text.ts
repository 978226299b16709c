/** More are counted, not named. */
const SHOWN = 8;

/** Names in a sentence; of many only the first. */
export function listOf(names: readonly string[]): string {
  const rest = names.length - SHOWN;
  return rest > 0 ? `${names.slice(0, SHOWN).join(', ')} and ${rest} more` : names.join(', ');
}

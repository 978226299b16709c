/** Tables of the engine with words and names: errnos, signals, parameters, entries. */
import { entries } from '../commands.js';
import { errnos } from '../errno.js';
import { parameters } from '../parameters.js';
import { FIRST_REALTIME_SIGNAL, LAST_SIGNAL, signals } from '../signals.js';
import { define, quote } from './c-text.js';

const errnoTable = () =>
  new Map(Object.values(errnos).map(({ number, words: text }) => [number, text] as const));

/** The words of all errnos in one string, one after another; the index of each is in a table beside it. */
export function wordTables() {
  const words: ReadonlyMap<number, string> = errnoTable();
  const highest = Math.max(...words.keys());
  const texts: string[] = [''];
  const index: number[] = [];
  let at = 1;
  for (let number = 0; number <= highest; number++) {
    const text = words.get(number);
    index.push(text === undefined ? 0 : at);
    if (text === undefined) continue;
    texts.push(text);
    at += Buffer.byteLength(text) + 1;
  }
  const names = Object.entries(signals);
  const kinds = Array.from(
    { length: Math.max(...Object.values(parameters).map(p => p.number)) + 1 },
    () => 0,
  );
  for (const { number, kind } of Object.values(parameters))
    kinds[number] = ['number', 'text', 'vector'].indexOf(kind);
  return {
    declarations: [
      `#define ENTRY_COUNT ${Object.keys(entries).length}`,
      `#define ERRNO_COUNT ${highest + 1}`,
      'extern const char errno_words[];',
      'extern const uint16_t errno_index[ERRNO_COUNT];',
      `#define SIGNAL_COUNT ${names.length}`,
      ...define('', { FIRST_REALTIME_SIGNAL, LAST_SIGNAL }),
      'struct signal_name { char name[10]; uint8_t number; };',
      'extern const struct signal_name signal_names[SIGNAL_COUNT];',
      'extern const uint8_t parameter_kinds[PARAMETER_COUNT];',
      '#ifdef ENGINE_DEBUG',
      'extern const char parameter_names[PARAMETER_COUNT][20];',
      'extern const char entry_names[ENTRY_COUNT][12];',
      '#endif',
    ],
    definitions: [
      `const char errno_words[] = ${texts.map(text => quote(`${text}\0`)).join('\n  ')};`,
      `const uint16_t errno_index[ERRNO_COUNT] = {${index.join(', ')}};`,
      'const struct signal_name signal_names[SIGNAL_COUNT] = {',
      ...names.map(([name, number]) => `  {"${name}", ${number}},`),
      '};',
      `const uint8_t parameter_kinds[PARAMETER_COUNT] = {${kinds.join(', ')}};`,
      '#ifdef ENGINE_DEBUG',
      `const char parameter_names[PARAMETER_COUNT][20] = {${Object.entries(parameters)
        .map(([name, { number }]) => `[${number}] = "${name}"`)
        .join(', ')}};`,
      `const char entry_names[ENTRY_COUNT][12] = {${Object.entries(entries)
        .map(([name, number]) => `[${number}] = "${name}"`)
        .join(', ')}};`,
      '#endif',
    ],
  };
}

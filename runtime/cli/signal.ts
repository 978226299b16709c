import { FIRST_REALTIME_SIGNAL, LAST_SIGNAL, signals } from '../../spec/signals.js';

/** The number of a signal given as decimal (0 only asks whether it could be sent, kill(2)) or by name, with or without SIG, in any case, RTMIN+n and RTMAX-n too; null if there is none. */
export function parseSignal(text: string): number | null {
  if (/^[0-9]{1,3}$/.test(text)) {
    const number = Number(text);
    return number <= LAST_SIGNAL ? number : null;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const known = Object.entries(signals).find(([candidate]) => candidate === name);
  if (known !== undefined) return known[1];
  const [, end, offset] = /^RT(MIN|MAX)(?:[+-]([0-9]{1,2}))?$/.exec(name) ?? [];
  if (end === undefined) return null;
  const distance = Number(offset ?? 0);
  const number = end === 'MIN' ? FIRST_REALTIME_SIGNAL + distance : LAST_SIGNAL - distance;
  const wrong = end === 'MIN' ? name.includes('-') : name.includes('+');
  return wrong || number < FIRST_REALTIME_SIGNAL || number > LAST_SIGNAL ? null : number;
}

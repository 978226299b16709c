/**
 * What `explain` prints for a person: one line for each action, the cause at its right.
 */
import type { Because } from '../program/action.js';
import type { Explained, ExplainedAction } from '../program/explain.js';
import { visible } from './visible.js';

const COLUMN = 76;

function cause(because: Because): string {
  if (because.kind === 'rule') return because.rule;
  const file = because.file.slice(because.file.lastIndexOf('/') + 1);
  return `${file}:${because.line} ${because.path}`;
}

function actionLines(a: ExplainedAction, number: number): readonly string[] {
  const head = `${String(number).padStart(4)}  ${a.title}`;
  const gap = head.length < COLUMN ? ' '.repeat(COLUMN - head.length) : '  ';
  return [
    `${head}${gap}${cause(a.because)}`,
    ...a.listing.map(s => `        ${String(s.number).padStart(5)}  ${s.text}`),
  ];
}

/** The whole page, ending in a line of counts. Titles have words of config.json: none of its control characters reaches the terminal. */
export function explainText(e: Explained): string {
  const lines: string[] = [];
  let number = 0;
  for (const track of e.tracks) {
    lines.push(`track ${track.name}`);
    for (const a of track.actions) lines.push(...actionLines(a, ++number));
    if (track.afterFailure.length > 0) {
      lines.push('      after a failure');
      for (const s of track.afterFailure) lines.push(`        ${String(s.number).padStart(5)}  ${s.text}`);
    }
    lines.push('');
  }
  for (const called of e.subroutines) {
    lines.push(`subroutine ${called.name}`);
    for (const s of called.listing) lines.push(`        ${String(s.number).padStart(5)}  ${s.text}`);
    lines.push('');
  }
  const { actions, steps, mounts, bytes } = e.counts;
  lines.push(`${actions} actions, ${steps} steps, ${mounts} mounts at most, ${bytes} bytes`, '');
  return lines.map(visible).join('\n');
}

/** HTML made of values that strangers named: whatever is not made here is text. */
import { visible } from '../../report/visible.js';

export interface Html {
  readonly html: string;
}

const names: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string =>
  visible(text).replace(/[&<>"']/g, character => names[character] ?? '');

type Part = Html | string | number | readonly Part[];

function written(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'html' in part ? part.html : part.map(written).join('');
}

/** Attributes stand in double quotes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return {
    html: strings.map((text, i) => text + (i < parts.length ? written(parts[i] ?? '') : '')).join(''),
  };
}

export const nothing: Html = { html: '' };

/** A table that scrolls for itself where the window is narrow; `numbers`: columns of numbers. */
export function tableOf(
  label: string,
  head: readonly string[],
  rows: readonly (readonly Part[])[],
  numbers: readonly number[] = [],
): Html {
  const kind = (i: number): Html => (numbers.includes(i) ? { html: ' class="number"' } : nothing);
  const cells = (row: readonly Part[]) =>
    row.map((cell, i) =>
      i === 0 ? html`<th scope="row"${kind(i)}>${cell}</th>` : html`<td${kind(i)}>${cell}</td>`,
    );
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<thead><tr>${head.map((name, i) => html`<th scope="col"${kind(i)}>${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    row => html`<tr>${cells(row)}</tr>
`,
  )}</tbody></table></div>`;
}

/** Never by colour alone. */
export function mark(result: 'ok' | 'note' | 'fault', words: string = result): Html {
  const sign = { ok: '✓', note: '!', fault: '✕' }[result];
  return html`<span class="mark ${result}"><span aria-hidden="true">${sign}</span> ${words}</span>`;
}

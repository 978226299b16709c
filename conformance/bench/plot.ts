/** A bar chart of the medians as SVG: scenarios as groups, contenders as bars, time on a logarithmic axis. */
import type { Result } from './figures.js';

const colours: Readonly<Record<string, string>> = {
  compiled: '#0b6e4f',
  cold: '#6bbf9c',
  'cold, Bun': '#a9d8c2',
  warm: '#37967a',
  'warm, Bun': '#8fd0b5',
  floor: '#8d99ae',
  crun: '#e07a1f',
  'crun, Debian 13': '#eda35f',
  'crun, sid': '#f4c596',
  runc: '#b5483a',
  node: '#5a6acf',
  'empty, Bun': '#a3adea',
  'no mount namespace': '#0b6e4f',
  'own mount namespace': '#37967a',
  'own, shares elided': '#8fd0b5',
};
const left = 300;
const width = 900;
const right = 70;
const bar = 13;
const between = 12;
const top = 64;

interface Bar {
  readonly name: string;
  readonly value: number;
}
interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign);

/** Times only: a cycle shows its sum, `commands` each command. */
export const groupsOf = (results: readonly Result[]): readonly Group[] => {
  const groups: Group[] = [];
  for (const { title, standings } of results) {
    const labels = [...new Set(standings.flatMap(one => one.figures.map(({ label }) => label)))];
    const shown = labels.includes('total')
      ? ['total']
      : labels.filter(label => label !== 'init' && !/ p9[59]$/.test(label));
    for (const label of shown) {
      const bars = standings.flatMap(({ name, figures }) => {
        const found = figures.find(one => one.label === label && one.unit === 'ms');
        return found ? [{ name, value: found.median }] : [];
      });
      const plain = label === 'run' || label === 'total' || shown.length === 1;
      if (bars.length) groups.push({ title: plain ? title : `${title}: ${label}`, bars });
    }
  }
  return groups;
};

const text = (x: number, y: number, content: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped(content)}</text>\n`;

/** Draws the whole chart; `subtitle` says on what it was measured. */
export const plot = (results: readonly Result[], subtitle: string): string => {
  const groups = groupsOf(results);
  const values = groups.flatMap(({ bars }) => bars.map(({ value }) => value));
  const low = 10 ** Math.floor(Math.log10(Math.min(...values, 1)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...values, 10)));
  const span = width - left - right;
  const x = (value: number): number => left + (span * Math.log10(value / low)) / Math.log10(high / low);
  const used = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const heights = groups.map(({ bars }) => bars.length * bar + between);
  const bottom = top + 24 + heights.reduce((all, one) => all + one, 0);
  let body = text(
    16,
    24,
    'Time from start to end of the command, median',
    'font-size="16" font-weight="bold"',
  );
  body += text(16, 42, `${subtitle}; logarithmic axis, shorter is better`, 'fill="#555"');
  let at = 16;
  for (const name of used) {
    body += `<rect x="${at}" y="${top - 10}" width="11" height="11" fill="${colours[name] ?? '#777'}"/>\n`;
    body += text(at + 15, top, name);
    at += 34 + name.length * 6.6;
  }
  for (let decade = low; decade <= high; decade *= 10)
    for (const step of decade === high ? [1] : [1, 2, 5]) {
      const place = x(decade * step).toFixed(1);
      body += `<line x1="${place}" x2="${place}" y1="${top + 20}" y2="${bottom}" stroke="#ddd"/>\n`;
      body += text(
        Number(place),
        bottom + 16,
        `${Number((decade * step).toPrecision(1))}`,
        'text-anchor="middle"',
      );
    }
  body += text(width - right + 22, bottom + 16, 'ms');
  let y = top + 28;
  for (const { title, bars } of groups) {
    body += text(left - 8, y + (bars.length * bar) / 2 + 4, title, 'text-anchor="end"');
    for (const { name, value } of bars) {
      const end = x(value);
      const length = (end - left).toFixed(1);
      body += `<rect x="${left}" y="${y}" width="${length}" height="${bar - 2}" fill="${colours[name] ?? '#777'}"/>\n`;
      body += text(end + 4, y + bar - 4, value.toPrecision(3), 'font-size="10" fill="#333"');
      y += bar;
    }
    y += between;
  }
  const size = `width="${width}" height="${bottom + 28}" viewBox="0 0 ${width} ${bottom + 28}"`;
  const font = 'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12" fill="#111"';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>\n<rect width="100%" height="100%" fill="#fff"/>\n${body}</svg>\n`;
};

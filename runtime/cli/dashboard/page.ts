/** The page: what a person wants to know first stands first; complete without a script, for eyes and for screen readers. */
import { ageText } from '../../report/age-text.js';
import { type Html, html, mark, nothing, tableOf } from './html.js';
import type { Seen } from './look.js';
import { isWell, type ListedTree, type Site, type StartTimes, sharesOf } from './site.js';
import { BOUNDS } from './start-times.js';

/** More are in /api/who. */
const MOST_PROCESSES = 200;

const timeText = (milliseconds: number): string =>
  new Date(milliseconds)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');

function time(milliseconds: number): Html {
  return html`<time datetime="${new Date(milliseconds).toISOString()}">${timeText(milliseconds)}</time>`;
}

/** That a figure is missing, or old, is said where it stands. */
function whyNot({ why, value, at }: Seen<unknown>): Html {
  if (why === null) return nothing;
  const since = value === null ? nothing : html` What stands here is of ${time(at)}.`;
  return html`<p class="why">${mark('fault', 'not seen')}: ${why}.${since}</p>`;
}

function section(id: string, title: string, body: Html): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${body}</section>
`;
}

function stateOf({ prepared, stale }: ListedTree): Html {
  if (prepared === null) return html`<span class="dim">not prepared</span>`;
  return stale === null
    ? mark('ok', 'in use')
    : html`${mark('note', 'stale')} <span class="small">${stale}</span>`;
}

function trees({ trees: seen, now }: Site): Html {
  const rows = (seen.value ?? []).map(tree => [
    html`${tree.name}${tree.default ? html` <span class="dim">(default)</span>` : nothing}`,
    tree.system ?? '?',
    html`<code>${tree.path}</code>`,
    tree.backEnd,
    tree.prepared ?? '–',
    stateOf(tree),
    ageText(tree.created, now),
    tree.holders,
    tree.users.map(({ uid, name }) => name ?? String(uid)).join(', ') || '–',
  ]);
  const head = [
    'Tree',
    'System',
    'Directory',
    'Back end',
    'Generation',
    'State',
    'Age',
    'Processes',
    'Users',
  ];
  const body =
    rows.length === 0 ? html`<p class="dim">None is registered.</p>` : tableOf('Trees', head, rows, [7]);
  return section(
    'trees',
    'Trees and generations',
    html`${whyNot(seen)}${seen.value === null ? nothing : body}`,
  );
}

function shares({ trees: seen }: Site): Html {
  const rows = sharesOf(seen.value ?? []).map(share => {
    const { path, answer, milliseconds } = share;
    const silent = answer === 'silent' ? 'does not answer' : answer;
    return [
      html`<code>${path}</code>`,
      isWell(share) ? mark('ok', answer === 'answered' ? 'answers' : 'not there') : mark('fault', silent),
      milliseconds === null ? '–' : `${milliseconds} ms`,
      `${share.readonly ? 'read-only' : 'writable'}${share.optional ? ', optional' : ''}`,
    ];
  });
  const head = ['Share', 'Health', 'Answer', 'Kind'];
  return section(
    'shares',
    'Shares',
    rows.length === 0 ? html`<p class="dim">None is registered.</p>` : tableOf('Shares', head, rows, [2]),
  );
}

function who({ who: seen }: Site): Html {
  const all = seen.value ?? [];
  const rows = all
    .slice(0, MOST_PROCESSES)
    .map(({ pid, uid, user, tree, generation, backEnd, container, job, start, command }) => [
      pid,
      user ?? uid,
      tree ?? '?',
      generation ?? '–',
      backEnd,
      container?.id ?? '–',
      job === null ? '–' : `${job.id}${job.step === null ? '' : `.${job.step}`}`,
      time(Date.parse(start)),
      html`<code>${command}</code>`,
    ]);
  const more = all.length - rows.length;
  const head = ['Process', 'User', 'Tree', 'Generation', 'Back end', 'Container', 'Job', 'Since', 'Command'];
  const table = html`${tableOf('Processes', head, rows)}${
    more > 0 ? html`<p class="dim">And ${more} more: <a href="/api/who">all of them</a>.</p>` : nothing
  }`;
  const body = rows.length === 0 ? html`<p class="dim">Nobody.</p>` : table;
  return section('who', 'Who is in which tree', html`${whyNot(seen)}${seen.value === null ? nothing : body}`);
}

function doctor({ doctor: seen }: Site): Html {
  const rows = (seen.value?.lines ?? []).map(({ check, result, what, mend }) => [
    check,
    mark(result === 'fault' || result === 'note' ? result : 'ok'),
    html`${what}${mend === null ? nothing : html`<br><span class="small dim mend">mend: <code>${mend}</code></span>`}`,
  ]);
  return section(
    'health',
    'Health of this machine',
    html`${whyNot(seen)}${seen.value === null ? nothing : tableOf('Health', ['Check', 'Result', 'What'], rows)}`,
  );
}

function troubles({ troubles: all }: Site): Html {
  const rows = all.map(({ where, what, first, last, times }) => [
    where,
    what,
    time(last),
    time(first),
    times,
  ]);
  return section(
    'failures',
    'Last failures',
    rows.length === 0
      ? html`<p class="dim">None was seen since the dashboard was started.</p>`
      : tableOf('Last failures', ['Where', 'What', 'Last seen', 'First seen', 'Times'], rows, [4]),
  );
}

const boundText = (seconds: number): string => (seconds < 1 ? `${seconds * 1000} ms` : `${seconds} s`);

/** Attributes of SVG instead of styles: the page allows none in itself. */
function histogram({ tree, counts, count, sum, failures }: StartTimes): Html {
  const labels = [...BOUNDS.map(boundText), 'longer'];
  const inBounds = counts.reduce((all, one) => all + one, 0);
  const values = [...BOUNDS.map((_, i) => counts[i] ?? 0), count - inBounds];
  const most = Math.max(1, ...values);
  const bars = values.map((value, i) => {
    const height = Math.round((90 * value) / most);
    const x = 4 + i * 50;
    return html`<g><rect x="${x}" y="${110 - height}" width="40" height="${height}" rx="3"></rect>
<text x="${x + 20}" y="${104 - height}" text-anchor="middle">${value === 0 ? '' : value}</text>
<text x="${x + 20}" y="126" text-anchor="middle">${labels[i] ?? ''}</text></g>`;
  });
  const mean = count === 0 ? '–' : boundText(Number((sum / count).toPrecision(2)));
  const told = values.flatMap((value, i) => (value === 0 ? [] : [`${value} within ${labels[i]}`])).join(', ');
  return html`<figure><figcaption><strong>${tree}</strong>: ${count} starts, mean ${mean}, ${
    failures === 0 ? 'none failed' : mark('fault', `${failures} failed`)
  }</figcaption>
${
  count === 0
    ? nothing
    : html`<svg class="bars" viewBox="0 0 654 132" role="img" aria-label="Starts in ${tree}: ${told || 'none yet'}">
<line x1="0" y1="110.5" x2="654" y2="110.5"></line>${bars}</svg>`
}</figure>`;
}

function starts({ starts: all }: Site): Html {
  const body =
    all.length === 0
      ? html`<p class="dim">Not measured: the dashboard starts nothing unless it is given <code>--start NAME</code>.</p>`
      : html`${all.map(histogram)}<p class="dim small">What <code>chos NAME true</code> takes, started by the dashboard: each bar counts those that took at most so long.</p>`;
  return section('starts', 'Start latency', body);
}

function tiles({ trees: listed, who: seen, doctor: examined }: Site): Html {
  const all = sharesOf(listed.value ?? []);
  const figures: readonly (readonly [string, string | number])[] = [
    ['Trees', listed.value?.length ?? '?'],
    ['Prepared', listed.value?.filter(({ prepared }) => prepared !== null).length ?? '?'],
    ['Processes in trees', seen.value?.length ?? '?'],
    ['Users', seen.value === null ? '?' : new Set(seen.value.map(({ uid }) => uid)).size],
    ['Shares that answer', `${all.filter(isWell).length} of ${all.length}`],
    ['Faults', examined.value?.lines.filter(({ result }) => result === 'fault').length ?? '?'],
  ];
  return html`<dl class="tiles">${figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
`;
}

function verdict({ doctor: { value } }: Site): Html {
  if (value === null) return mark('note', 'not known yet');
  return value.fault ? mark('fault', 'something does not work') : mark('ok', 'no fault');
}

const links = [
  ['trees', 'Trees'],
  ['shares', 'Shares'],
  ['who', 'Who'],
  ['failures', 'Failures'],
  ['starts', 'Start latency'],
  ['health', 'Health'],
] as const;

/** `refresh`: seconds after which the browser is to ask again; null: it is not. */
export function pageText(site: Site, refresh: number | null): string {
  const again = refresh === null ? html`<a href="/?refresh=30">every 30 s</a>` : html`<a href="/">stop</a>`;
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>chos-runtime: ${site.host}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"></head>
<body><a class="skip" href="#main">To the content</a>
<header><h1>Trees on ${site.host}: ${verdict(site)}</h1>
<p>Seen ${time(site.now)}. <a href="/">Look again</a>, ${again}.</p>
<nav aria-label="Sections"><ul>${links.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav></header>
<main id="main">${tiles(site)}${trees(site)}${shares(site)}${who(site)}${troubles(site)}${starts(site)}${doctor(site)}</main>
<footer><p>chos-runtime ${site.version}. For programs: <a href="/metrics">metrics</a>, <a href="/api/trees">trees</a>, <a href="/api/who">who</a>, <a href="/api/doctor">doctor</a>.</p></footer>
</body></html>
`.html;
}

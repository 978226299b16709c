import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { metricsText } from './metrics.js';
import { pageText } from './page.js';
import type { ListedShare, ListedTree, Site } from './site.js';
import { counted, none } from './start-times.js';
import { troublesOf } from './troubles.js';

const seen = <Value>(value: Value | null, why: string | null = null) => ({
  value,
  at: 1000,
  milliseconds: 20,
  why,
});
const evil = '"><script>alert(1)</script>\u202e';

const share: ListedShare = {
  path: '/home',
  readonly: false,
  optional: false,
  answer: 'silent',
  milliseconds: null,
};
const tree: ListedTree = {
  name: 'debian13',
  path: '/ostrees/debian13',
  system: 'Debian 13',
  description: '',
  backEnd: 'auto',
  default: true,
  prepared: 'debian13@2',
  stale: null,
  created: '1970-01-01T00:00:00Z',
  holders: 1,
  users: [{ uid: 1000, name: 'ann' }],
  kernel: null,
  shares: [share],
};
const process_ = {
  pid: 7,
  uid: 1000,
  user: 'ann',
  tree: 'debian13',
  generation: 'debian13@2',
  backEnd: 'pinned',
  container: null,
  job: { id: '7', step: '0' },
  start: '1970-01-01T00:00:01Z',
  command: evil,
};
const times = none();
for (const seconds of [0.002, 0.003, 60]) counted(times, seconds);
const site: Site = {
  trees: seen([tree]),
  who: seen([process_]),
  doctor: seen({
    fault: true,
    lines: [{ check: 'shares', result: 'fault', what: evil, mend: `umount '${evil}'` }],
  }),
  troubles: [],
  starts: [{ tree: 'debian13', ...times }],
  version: '1',
  host: 'node7',
  now: 60_000,
};

test('whatever somebody named is text, never markup', () => {
  const page = pageText(site, null);
  assert.not.match(page, /<script/);
  assert.not.match(page, /\u202e/);
  assert.match(page, '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}');
  assert.not.match(page, /style=|onload=|javascript:/);
});

test('what is wrong is said in words, and what is missing too', () => {
  assert.match(pageText(site, null), /✕<\/span> does not answer/);
  const blind = pageText({ ...site, who: seen<Site['who']['value'] & object>(null, 'it hangs') }, 30);
  assert.match(blind, /not seen<\/span>: it hangs\./);
  assert.match(blind, /<dt>Processes in trees<\/dt><dd>\?<\/dd>/);
  assert.match(blind, /<a href="\/">stop<\/a>/);
});

test('10,000 processes do not make 10,000 rows', () => {
  const page = pageText({ ...site, who: seen(Array.from({ length: 10_000 }, () => process_)) }, null);
  assert.match(page, 'And 9800 more');
  assert.ok(page.length < 200_000);
});

test('metrics: labels are escaped, buckets add up, a missing figure has no sample', () => {
  const lines = metricsText({ ...site, trees: seen([{ ...tree, name: 'a"\\\n' }]) }).split('\n');
  for (const line of [
    'chos_tree_prepared{tree="a\\"\\\\\\n",generation="debian13@2"} 1',
    'chos_tree_age_seconds{tree="a\\"\\\\\\n"} 60',
    'chos_processes{tree="debian13",generation="debian13@2",back_end="pinned"} 1',
    'chos_share_up{path="/home"} 0',
    'chos_doctor_lines{check="shares",result="fault"} 1',
    'chos_start_seconds_bucket{tree="debian13",le="0.0025"} 1',
    'chos_start_seconds_bucket{tree="debian13",le="10"} 2',
    'chos_start_seconds_bucket{tree="debian13",le="+Inf"} 3',
  ])
    assert.ok(lines.includes(line), line);
  const blind = metricsText({ ...site, trees: seen<readonly ListedTree[]>(null, 'no') });
  assert.not.match(blind, /^chos_trees /m);
  assert.match(blind, /^chos_look_success\{look="trees"\} 0$/m);
});

test('the same failure again is counted; the oldest make room', () => {
  const troubles = troublesOf();
  troubles.add('doctor: shares', 'silent', 1);
  troubles.add('doctor: shares', 'silent', 5);
  assert.equal(troubles.all(), [{ where: 'doctor: shares', what: 'silent', first: 1, last: 5, times: 2 }]);
  for (let i = 0; i < 60; i++) troubles.add('start: a', String(i), 10);
  assert.is(troubles.all().length, 50);
  assert.is(troubles.all()[0]?.what, '59');
});

test.run();

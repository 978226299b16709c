/** `chos-runtime dashboard`: what a browser, Prometheus and a stranger get. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { withDeadShareOn } from '../harness/dead-share.js';
import { caseList, good } from './case.js';
import {
  base,
  bundle,
  chos,
  chosLater,
  detached,
  type Later,
  later,
  newId,
  runtime,
  scratch,
} from './machine.js';

const { cases, test } = caseList('dashboard: ');

const PORT = 9871;
const BROWSER = 'chromium-headless-shell';

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function get(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: PORT, path, method, headers, agent: false },
      response => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    asked.on('error', reject).end();
  });
}

/** While `body` runs; SIGTERM ends it. */
async function served(given: readonly string[] | Later, body: () => Promise<void>): Promise<void> {
  const dashboard =
    'pid' in given ? given : chosLater('dashboard', '--listen', `127.0.0.1:${PORT}`, ...given);
  await dashboard.said(/^listening on http:\/\/127\.0\.0\.1:9871\/$/m);
  try {
    await body();
  } finally {
    process.kill(dashboard.pid, 'SIGTERM');
    const { text } = await dashboard.ended;
    assert.doesNotMatch(text, /rror/);
  }
}

/** A process in the tree that calls itself as it likes. */
function nameless(): void {
  const args = ['sh', '-c', 'echo -n "<b>bold</b>" >/proc/self/comm; while :; do sleep 1000; done'];
  good(detached('run', '-d', '-b', bundle({ tree: 'one', args }), newId()));
}

test('a page in a browser, without a script, with nothing refused', async () => {
  if (spawnSync(BROWSER, ['--version']).status !== 0) return `no ${BROWSER}`;
  good(chos('tree', 'prepare', 'one'));
  nameless();
  await served([], async () => {
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--enable-logging=stderr',
      `--user-data-dir=${base}/browser`,
    ];
    const ran = spawnSync(BROWSER, [...args, '--dump-dom', `http://localhost:${PORT}/`], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    const dom = good(ran);
    assert.match(dom, /<h2 id="who">Who is in which tree<\/h2>/);
    assert.match(dom, /<th scope="row">one <span class="dim">\(default\)<\/span><\/th>/);
    assert.match(dom, /<code>&lt;b&gt;bold&lt;\/b&gt;<\/code>/);
    assert.doesNotMatch(ran.stderr, /Refused|violates|CONSOLE/);
  });
  chos('tree', 'release', '--force', 'one');
  return undefined;
});

test('the same as JSON and as metrics, which Prometheus can read', async () => {
  await served([], async () => {
    for (const [path, args] of [
      ['/api/trees', ['tree', 'list', '--format', 'json']],
      ['/api/doctor', ['doctor', '--json']],
      ['/api/who', ['who', '--json']],
    ] as const) {
      const names = (text: string): unknown => {
        const told = JSON.parse(text);
        return (told.lines ?? told).map(({ name, check }: { name: string; check: string }) => name ?? check);
      };
      assert.deepEqual(names((await get(path)).body), names(chos(...args).stdout), path);
    }
    const { body, headers } = await get('/metrics');
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
    assert.match(body, /^chos_trees 4$/m);
    const reader =
      'import sys; from prometheus_client.parser import text_string_to_metric_families as f; print(len(list(f(sys.stdin.read()))))';
    const python = spawnSync('/usr/bin/python3', ['-c', reader], { input: body, encoding: 'utf8' });
    assert.equal(Number(good(python)), 13);
  });
});

test('a share that is dead is told, and waited for three seconds', async () => {
  await served([], async () => {
    await withDeadShareOn(scratch, async () => {
      const began = performance.now();
      const [{ body }, metrics] = await Promise.all([get('/'), get('/metrics')]);
      assert.ok(performance.now() - began < 15_000);
      assert.match(body, /does not answer/);
      assert.match(body, /<th scope="row">doctor: shares<\/th>/);
      assert.match(metrics.body, new RegExp(`^chos_share_up\\{path="${scratch}"\\} 0$`, 'm'));
    });
  });
});

test('strangers: other names, other methods, pages of other sites, other paths', async () => {
  await served(['--name', 'node7'], async () => {
    const status = async (...args: Parameters<typeof get>) => (await get(...args)).status;
    assert.equal(await status('/style.css', { Host: 'node7:9871' }), 200);
    assert.equal(await status('/', { Host: 'evil.example' }), 421);
    assert.equal(await status('/', {}, 'POST'), 405);
    assert.equal(await status('/api/who', { Origin: 'http://evil.example' }), 403);
    assert.equal(
      await status('/style.css', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }),
      403,
    );
    for (const path of ['/../etc/passwd', '/constructor', '//', '/api/who/'])
      assert.equal(await status(path), 404, path);
    const { headers, body } = await get('/style.css', {}, 'HEAD');
    assert.equal(body, '');
    assert.match(String(headers['content-security-policy']), /^default-src 'none';/);
    const second = chos('dashboard', '--listen', `127.0.0.1:${PORT}`);
    assert.deepEqual(
      [second.status, second.stderr],
      [1, `chos-runtime: listen on \`127.0.0.1:${PORT}\`: Address already in use\n`],
    );
  });
  assert.match(chos('dashboard', '--listen', '0.0.0.0:1').stderr, /other machines reach it.*--public/);
  assert.match(chos('dashboard', '--listen', 'node7:1').stderr, /takes ADDRESS:PORT/);
  assert.match(chos('dashboard', '--interval', '1ms').stderr, /takes a duration/);
});

test('starts that are measured', async () => {
  good(chos('tree', 'prepare', 'one'));
  assert.match(chos('dashboard', '--start', 'nosuch').stderr, /nosuch/);
  await served(['--start', 'one', '--interval', '1s'], async () => {
    let metrics = '';
    const until = performance.now() + 20_000;
    while (!/^chos_start_(seconds_count|failures_total)\{tree="one"\} [1-9]/m.test(metrics)) {
      assert.ok(performance.now() < until, metrics);
      metrics = (await get('/metrics')).body;
    }
    assert.match(metrics, /^chos_start_seconds_count\{tree="one"\} [1-9]/m);
    assert.match(metrics, /^chos_start_failures_total\{tree="one"\} 0$/m);
    assert.match((await get('/?refresh=1')).headers.refresh as string, /^5$/);
  });
  chos('tree', 'release', '--force', 'one');
});

test('as a user, who sees what is his', async () => {
  const user = ['--reuid', '1000', '--regid', '1000', '--clear-groups', 'env', '-i', runtime];
  const asUser = later(
    'setpriv',
    ...user,
    '--root',
    `${base}/none`,
    'dashboard',
    '--listen',
    `127.0.0.1:${PORT}`,
  );
  await served(asUser, async () => {
    const { status, body } = await get('/');
    assert.equal(status, 200);
    assert.match(body, /only root can see what is prepared/);
    assert.equal((await get('/api/who')).body, '[]\n');
  });
});

export const dashboardCases = cases;

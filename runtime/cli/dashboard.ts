/** `dashboard`: a web page of what this machine's trees are like, the same for Prometheus, and what `who`, `doctor` and `tree list` print as JSON. It reads only. */
import { readlinkSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { codeOf } from '../host/error-code.js';
import { beforeParsing } from '../host/foreseeable-hashes.js';
import { ownArguments, ownDirectory, ownEngine } from '../host/own-engine.js';
import { type Address, addressText, isLoopback, parseAddress } from './dashboard/address.js';
import { endChildren, type Looking, lookBy, type Seen } from './dashboard/look.js';
import { metricsText } from './dashboard/metrics.js';
import { pageText } from './dashboard/page.js';
import { type Answered, type Pages, serverOf } from './dashboard/server.js';
import type { Examined, ListedProcess, ListedTree, Site } from './dashboard/site.js';
import { startEvery } from './dashboard/start-times.js';
import { style } from './dashboard/style.js';
import { troublesOf } from './dashboard/troubles.js';
import { durationOf } from './duration.js';
import { openRegistry, treeOf } from './environment.js';
import { type Attempt, done, failed, type Invocation, type Outcome, ok, refuse } from './invocation.js';
import { productVersion } from './version.js';

const DEFAULT_ADDRESS = '127.0.0.1:9870';
const DEFAULT_INTERVAL = '1m';
const LEAST_INTERVAL = 1000;
/** Of doctor, that it asks with; what else it waits for has its own deadlines. */
const DEADLINE = 20_000;
const MOST_BYTES = 64 << 20;
/** Of a start that is measured. */
const START_DEADLINE = 30_000;

function badValue(
  option: string,
  value: string,
  expected:
    | 'ADDRESS:PORT, a number such as 127.0.0.1:9870 or [::1]:9870'
    | 'a duration such as 5s, 1m30s or 500ms',
): Attempt<never> {
  return refuse({ kind: 'usage', fault: { kind: 'bad-value', option, value, expected } });
}

interface Wish {
  readonly address: Address;
  readonly names: readonly string[];
  readonly starts: readonly string[];
  readonly interval: number;
}

function wishOf({ line: { options } }: Invocation): Attempt<Wish> {
  const listen = options.texts.get('listen') ?? DEFAULT_ADDRESS;
  const address = parseAddress(listen);
  if (address === null)
    return badValue('--listen', listen, 'ADDRESS:PORT, a number such as 127.0.0.1:9870 or [::1]:9870');
  if (!isLoopback(address.host) && !options.flags.has('public'))
    return refuse({ kind: 'public-address', address: listen });
  const every = options.texts.get('interval') ?? DEFAULT_INTERVAL;
  const interval = durationOf(every);
  if (interval === null || interval < LEAST_INTERVAL)
    return badValue('--interval', every, 'a duration such as 5s, 1m30s or 500ms');
  const own = isLoopback(address.host) ? [] : [hostname()];
  const starts = options.lists.get('start') ?? [];
  if (starts.length > 0) {
    const registry = openRegistry();
    if (registry.kind === 'failure') return registry;
    for (const name of starts) {
      const tree = treeOf(registry.value, name);
      if (tree.kind === 'failure') return tree;
    }
  }
  return ok({
    address,
    names: [...own, ...(options.lists.get('name') ?? [])],
    starts: [...new Set(starts)],
    interval,
  });
}

/** What a look obeys of the caller's environment. The JavaScript engine and the loader get nothing from there. */
const PASSED = ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];

/** Looks are commands of ours, without the engine: none of them starts anything. */
function lookings({ request, line }: Invocation): (args: readonly string[]) => Looking {
  const env = Object.fromEntries(
    request.environment
      .map(text => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)] as const)
      .filter(([name]) => PASSED.includes(name)),
  );
  const root = line.global.texts.get('root') ?? '';
  return args => ({
    program: ownEngine.path,
    args: [...ownArguments, ...(root === '' ? [] : ['--root', root]), ...args],
    env,
    fresh: 1000,
    deadline: DEADLINE,
    most: MOST_BYTES,
  });
}

const json = ({ value, why }: Seen<unknown>): Answered =>
  value === null || why !== null
    ? {
        status: 503,
        type: 'application/json',
        body: `${JSON.stringify({ error: why ?? 'nothing was seen' })}\n`,
      }
    : { status: 200, type: 'application/json', body: `${JSON.stringify(value)}\n` };

function pagesOf(
  look: Record<'trees' | 'who' | 'doctor', () => Promise<Seen<unknown>>>,
  site: () => Promise<Site>,
): Pages {
  return {
    async '/'(query) {
      const given = query.get('refresh') ?? '';
      const refresh = /^\d{1,4}$/.test(given) ? Math.max(5, Number(given)) : null;
      const more = refresh === null ? {} : { Refresh: String(refresh) };
      return { status: 200, type: 'text/html; charset=utf-8', body: pageText(await site(), refresh), more };
    },
    '/style.css': () => ({ status: 200, type: 'text/css; charset=utf-8', body: style }),
    '/metrics': async () => ({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: metricsText(await site()),
    }),
    '/api/trees': async () => json(await look.trees()),
    '/api/who': async () => json(await look.who()),
    '/api/doctor': async () => json(await look.doctor()),
  };
}

/** The command of users, beside the front door or, in a build, the compiler. */
function chosProgram(): string {
  try {
    return join(dirname(readlinkSync(`/proc/${process.ppid}/exe`)), 'chos');
  } catch {
    return join(ownDirectory, 'chos');
  }
}

function serving(invocation: Invocation, wish: Wish, chos: string) {
  const looking = lookings(invocation);
  const troubles = troublesOf();
  const starts = startEvery({
    ...looking([]),
    program: chos,
    deadline: START_DEADLINE,
    trees: wish.starts,
    interval: wish.interval,
    failed: (tree, what) => troubles.add(`start: ${tree}`, what, Date.now()),
  });
  const look = {
    trees: lookBy<readonly ListedTree[]>(looking(['tree', 'list', '--format', 'json'])),
    who: lookBy<readonly ListedProcess[]>(looking(['who', '--json'])),
    doctor: lookBy<Examined>(looking(['doctor', '--json'])),
  };
  let counted = 0;
  const site = async (): Promise<Site> => {
    const [trees, who, doctor] = await Promise.all([look.trees(), look.who(), look.doctor()]);
    // Each look counts once, however many asked for it.
    if (doctor.at > counted) {
      counted = doctor.at;
      for (const { check, result, what } of doctor.value?.lines ?? [])
        if (result === 'fault') troubles.add(`doctor: ${check}`, what, doctor.at);
    }
    return {
      trees,
      who,
      doctor,
      troubles: troubles.all(),
      starts: starts.times(),
      version: productVersion,
      host: hostname(),
      now: Date.now(),
    };
  };
  return { server: serverOf(pagesOf(look, site), wish.names), stop: starts.stop };
}

export async function dashboard(invocation: Invocation): Promise<Outcome> {
  // Strangers send it names of headers: not with hashes that they can foresee.
  beforeParsing(Number.MAX_SAFE_INTEGER);
  const wish = wishOf(invocation);
  if (wish.kind === 'failure') return failed(wish.failure);
  const { server, stop } = serving(invocation, wish.value, chosProgram());
  const { host, port } = wish.value.address;
  return new Promise(resolve => {
    const end = (outcome: Outcome): void => {
      stop();
      endChildren();
      server.close();
      server.closeAllConnections();
      resolve(outcome);
    };
    server.on('error', error =>
      end(
        failed({ kind: 'file', verb: 'listen on', path: addressText({ host, port }), code: codeOf(error) }),
      ),
    );
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(done('')));
    server.listen({ host, port }, () => {
      const bound = server.address();
      const at = { host, port: typeof bound === 'object' && bound !== null ? bound.port : port };
      try {
        writeSync(1, `listening on http://${addressText(at)}/\n`);
      } catch {
        // Nobody reads it.
      }
    });
  });
}

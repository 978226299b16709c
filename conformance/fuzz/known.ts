/**
 * What the service keeps (runtime/cli/known-image.ts) never shows: requests that differ in little, many more than are kept, in any order and again and again. Each is answered
 * as a compiler answers that has just been loaded, byte for byte.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Script } from 'node:vm';
import { defaultConfig } from '../../runtime/cli/default-config.js';
import { ownRequest } from '../../runtime/cli/own-request.js';
import type { Answer, Request } from '../../runtime/engine/wire.js';
import type { Config } from '../../spec/generated/config.js';
import { type Draft, makeBundle } from '../crash/bundles.js';
import { check, chos, type Lab, residue } from '../crash/lab.js';
import { createRandom, type Random } from '../harness/random.js';

type Answering = (request: Request) => Promise<Answer>;
/** All but the bytes of config.json. */
type Asking = Omit<Request, 'input'>;

const CODE = 'build/chos-runtime-code.cjs';
/** More than twice as many as are kept. */
const REQUESTS = 48;
/** Of them asked, one after another, before there are others. */
const ORDER = 400;

/** The compiler as the engine's Node loads it, with nothing known. */
function freshCompiler(script: Script, code: string): Answering {
  const loaded: { exports: { answer?: Answering } } = { exports: {} };
  script.runInThisContext()(loaded.exports, createRequire(join(process.cwd(), code)), loaded);
  if (loaded.exports.answer === undefined) throw new Error(`${code} exports no compiler`);
  return loaded.exports.answer;
}

interface Change {
  readonly config?: (config: Draft<Config>, random: Random) => void;
  readonly request?: (request: Draft<Asking>, random: Random) => void;
}

const named = (random: Random): string => `n${random.below(3)}`;

/** Each alone makes another program, or at least another answer. */
const changes: readonly [Change, ...Change[]] = [
  { config: config => config.mounts?.reverse() },
  {
    config: (config, random) =>
      config.mounts?.push({ destination: `/${named(random)}`, type: 'tmpfs', source: 'tmpfs' }),
  },
  {
    config: (config, random) => config.mounts?.at(-1)?.options?.push(random.pick(['ro', 'nodev', 'noexec'])),
  },
  { config: (config, random) => config.process?.args?.push(named(random)) },
  { config: (config, random) => config.process?.env?.push(`A=${named(random)}`) },
  {
    config: (config, random) =>
      Object.assign(config.process?.user ?? {}, { uid: random.below(3), gid: random.below(3) }),
  },
  { config: config => Object.assign(config.process ?? {}, { noNewPrivileges: false }) },
  { config: (config, random) => Object.assign(config, { hostname: named(random) }) },
  { config: (config, random) => Object.assign(config, { annotations: { [named(random)]: named(random) } }) },
  { config: config => config.linux?.maskedPaths?.pop() },
  { config: config => config.linux?.readonlyPaths?.pop() },
  { config: config => config.process?.capabilities?.bounding?.pop() },
  { config: config => config.process?.capabilities?.effective?.pop() },
  { config: config => config.linux?.namespaces?.pop() },
  {
    config: (config, random) =>
      Object.assign(config.linux ?? {}, { cgroupsPath: `/chos-fuzz-${named(random)}` }),
  },
  {
    config: (config, random) =>
      Object.assign(config.linux?.resources ?? {}, { pids: { limit: 10 + random.below(3) } }),
  },
  { config: (config, random) => Object.assign(config.root, { readonly: random.chance(50) }) },
  { config: config => Object.assign(config, { hooks: { poststop: [{ path: '/bin/true' }] } }) },
  { config: (config, random) => Object.assign(config.process ?? {}, { oomScoreAdj: random.below(3) }) },
  {
    config: (config, random) =>
      Object.assign(config.linux ?? {}, {
        seccomp: {
          defaultAction: random.pick(['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG', 'SCMP_ACT_NOTHING']),
          syscalls: [
            {
              names: [random.pick(['chown', 'chmod', 'no_such_call'])],
              action: 'SCMP_ACT_ERRNO',
              args: [{ index: 0, value: random.below(3), op: 'SCMP_CMP_EQ' }],
            },
          ],
        },
      }),
  },
  { config: config => Object.assign(config, { unknown: 1 }) },
  { config: config => Object.assign(config.process ?? {}, { cwd: 'relative' }) },
  { request: (request, random) => request.argv.splice(-1, 0, '--pid-file', `/tmp/${named(random)}`) },
  { request: request => request.argv.splice(-1, 0, '--no-pivot') },
  { request: request => request.argv.splice(-1, 0, '--preserve-fds', '1') },
  { request: (request, random) => request.environment.push(`NOTIFY_SOCKET=/run/${named(random)}`) },
  {
    request: (request, random) =>
      request.environment.push('LISTEN_FDS=1', `LISTEN_PID=${random.below(2) * request.caller.pid}`),
  },
  { request: request => Object.assign(request.caller, { handed: 1 }) },
  { request: request => Object.assign(request.caller.namespaces, { user: 4_026_531_000 }) },
  { request: request => Object.assign(request.caller, { euid: 1000 }) },
  {
    request: ({ caller: { texts } }) =>
      Object.assign(texts, { status: texts.status.replace(/^(CapEff:\s*)\S+/m, '$100000000a80425fb') }),
  },
  {
    request: ({ caller: { texts } }, random) =>
      Object.assign(texts, { cgroup: texts.cgroup.replaceAll(/$/gm, named(random)) }),
  },
  {
    request: ({ caller: { texts } }) =>
      Object.assign(texts, { uid_map: '0 1000 1\n', gid_map: '0 1000 1\n' }),
  },
];

interface Case {
  readonly request: Asking;
  readonly file: string;
  readonly text: string;
}

/** One of the few bundles and containers, with up to two changes. */
function makeCase(lab: Lab, random: Random, container: string): Case {
  const config = structuredClone(defaultConfig()) as Draft<Config>;
  Object.assign(config.process ?? {}, { terminal: false });
  const bundle = join(lab.dir, `known-${random.below(2)}`);
  const exec = random.chance(30);
  const environment = ['PATH=/bin'];
  const words = exec
    ? ['exec', '--cwd', random.pick(['/', '/tmp']), '--env', `A=${named(random)}`, container, named(random)]
    : ['create', '--bundle', bundle, `${lab.tag}-${named(random)}`];
  const { input: _, ...own } = ownRequest(['--root', lab.root, ...words], { environment, cwd: lab.dir });
  const request = structuredClone(own) as Draft<Asking>;
  for (let count = random.below(3); count > 0; count--) {
    const change = random.pick(changes);
    change.config?.(config, random);
    if (!exec) change.request?.(request, random);
  }
  // The same in other places of the file is another answer, for its words.
  return { request, file: join(bundle, 'config.json'), text: JSON.stringify(config, null, random.below(3)) };
}

/** As many rounds as fit into the time, or as asked for. */
export async function fuzzKnown(lab: Lab, seed: number, rounds: number, milliseconds: number): Promise<void> {
  const container = `${lab.tag}-k`;
  const running = makeBundle(lab, { name: 'known', change: () => undefined }, 'create');
  chos(lab, ['create', '--bundle', running.dir, container]);
  for (const name of ['known-0', 'known-1']) mkdirSync(join(lab.dir, name, 'rootfs'), { recursive: true });
  const code = readFileSync(CODE, 'latin1');
  const script = new Script(code, { filename: CODE });
  const long = freshCompiler(script, CODE);
  const kinds = new Set<string>();
  /** Images that came once more are the same object. */
  const images = new Map<Case, Uint8Array>();
  let known = 0;
  const end = performance.now() + milliseconds;
  let done = 0;
  for (; done < rounds && performance.now() < end; done++) {
    const random = createRandom((seed + done) * 2_654_435_761);
    const cases = Array.from({ length: REQUESTS }, () => makeCase(lab, random, container));
    const ask = ({ request, file, text }: Case, answer: Answering): Promise<Answer> => {
      writeFileSync(file, text);
      return answer({ ...request, served: true, input: { kind: 'bytes', bytes: Buffer.from(text) } });
    };
    const right = new Map<Case, Answer>();
    for (const one of cases) right.set(one, await ask(one, freshCompiler(script, CODE)));
    const complaints = new Set<string>();
    let recent: readonly Case[] = cases.slice(0, 4);
    for (let i = 0; i < ORDER; i++) {
      // Now one of the last few, which are kept, now any.
      const [first, ...others] = random.chance(60) ? recent : cases;
      if (first === undefined) break;
      const one = random.pick([first, ...others]);
      recent = [one, ...recent.filter(other => other !== one)].slice(0, 12);
      const answered = await ask(one, long);
      kinds.add(answered.kind);
      if (answered.kind === 'program') {
        if (images.get(one) === answered.image) known++;
        images.set(one, answered.image);
      }
      if (!isDeepStrictEqual(answered, right.get(one)))
        complaints.add(`${one.request.argv.join(' ')}: another answer than that of a new compiler`);
    }
    check(`known, seed ${seed + done}`, [...complaints]);
  }
  chos(lab, ['delete', '--force', container]);
  check('known: programs and refusals are both among the answers', kinds.size < 2 ? [[...kinds].join()] : []);
  check(
    'known: a part of the answers was known',
    known < done * (ORDER / 4) ? [`${known} of ${done * ORDER}`] : [],
  );
  check('known: nothing is left', residue(lab, container));
  console.log(`known: ${done} rounds from seed ${seed}`);
}

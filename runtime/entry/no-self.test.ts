/** What the service answers comes from the request, the registry and the host, not from a process "self": the service is not the caller (spec/caller.ts). */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../spec/commands.js';

/** What would be this process's own, and is no argument of what reads for the caller (host/caller.ts). */
const OWN =
  /(?<!\b(?:read|link|(?:readFor|mustReadFor|linkFor)\(caller\))\()['"`]\/proc\/(?:self|thread-self)\b[^'"`]*|\bprocess\.(?:getuid|geteuid|getgid|getegid|getgroups|env|cwd|umask|pid|ppid|argv|chdir)\b|\bthisProcess\(\)|['"]node:os['"]/g;

/** Data of programs and words for messages: nothing is read there (runtime/compile/pure.test.ts). */
const PURE = /^runtime\/(?:compile|report|program|admit)\/|^spec\//;

/** What may stand, each for the reason beside it. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  // `process` is that of config.json.
  'runtime/cli/exec-process.ts': ['process.cwd', 'process.env'],
  'runtime/trees/add-features.ts': ['process.env'],
  // It takes the place of all of this; thisProcess() is for what no service answers.
  'runtime/host/caller.ts': [
    "'/proc/self/",
    'process.getegid',
    'process.geteuid',
    'process.pid',
    'thisProcess()',
  ],
  // userInfo() counts only where its id is the caller's.
  'runtime/host/facts.ts': ["'node:os'"],
  // Commands that no service answers: hooks, tree release, tree prepare.
  'runtime/hooks/program.ts': ['thisProcess()'],
  'runtime/trees/holders.ts': ['process.pid', 'thisProcess()'],
  'runtime/trees/prepare-input.ts': ["'/proc/self/mountinfo", 'thisProcess()'],
  // What the module is asked with is a property of the thread that asks.
  'runtime/trees/kernel-link.ts': ["'/proc/self/task"],
  // The device of nsfs, the same for all processes.
  'runtime/trees/own-record.ts': ["'/proc/self/ns/mnt"],
};

/** Without comments. */
const codeOf = (file: string): string =>
  readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');

/** Modules that are loaded with these; types are not. */
function reachable(seeds: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const add = (file: string): void => {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    for (const [, from = ''] of codeOf(file).matchAll(
      /^(?:import|export)\s+(?!type\s)[^;]*?from '(\.[^']+)\.js'/gm,
    ))
      add(`${join(dirname(file), from)}.ts`);
  };
  for (const seed of seeds) add(seed);
  return [...seen].sort();
}

const warm = commands.filter(one => one.warm).map(({ name }) => (name === 'run' ? 'create' : name));
const seeds = warm.map(name => `runtime/cli/${name}.ts`);

test('what the service answers depends on nothing of its own process', () => {
  assert.ok(seeds.length >= 8 && seeds.every(file => existsSync(file)), seeds.join());
  const modules = reachable(['runtime/entry/dispatch.ts', ...seeds]);
  assert.ok(modules.includes('runtime/trees/choose.ts') && modules.includes('runtime/state/trusted.ts'));
  const found = modules.flatMap(file => {
    const own = PURE.test(file) ? [] : [...codeOf(file).matchAll(OWN)].map(([text]) => text);
    return own.length === 0 ? [] : [[file, [...new Set(own)].sort()] as const];
  });
  assert.equal(Object.fromEntries(found), allowed);
});

test('neither what the service answers nor how long it waits depends on the realtime clock', () => {
  const modules = reachable(['runtime/entry/dispatch.ts', 'runtime/entry/service.ts', ...seeds]);
  assert.ok(modules.includes('runtime/serve/service.ts') && modules.includes('runtime/cli/known.ts'));
  const found = modules.filter(file => /\bDate\b/.test(codeOf(file)));
  assert.equal(found, []);
});

test.run();

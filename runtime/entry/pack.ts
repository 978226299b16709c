/**
 * Run at build time: `node pack.mjs VERSION COMMIT [bun]`. Makes of the TypeScript what Node loads:
 *
 *     build/chos-runtime-code.cjs   what create, run and exec need, as one function expression; load.ts calls it
 *     build/chos-runtime.cjs        load.ts itself
 *     build/chos-runtime-serve.cjs  what speaks to callers of the service (service.ts)
 *     build/chos-runtime-more.cjs   the other commands, which can wait: the less code `create` reads, the sooner it begins
 *
 * The code ends with its name (a comment), by which load.ts knows whether a cache was made of it. So does load.ts, by which the engine knows of which compiler a program that was left is
 * (runtime/engine/door/asker.c): other code makes it another file. Or of what `bun build` makes one executable (`make bun`):
 *
 *     build/bun/compiler.cjs, build/bun/chos-runtime-more.cjs   the same two
 */
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const [version = '', commit = '', engine = 'node'] = process.argv.slice(2);
const code = 'build/chos-runtime-code.cjs';

const options: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Node starts it faster than modules; and there is no loader for import() in a script that has none of its own.
  format: 'cjs',
  supported: { 'dynamic-import': false },
  logLevel: 'warning',
  // Names stay, for the stack of an internal error.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  // It has a native part; it is loaded at run time, by the few commands that need it.
  external: ['koffi'],
  define: { CHOS_VERSION: JSON.stringify(version), CHOS_COMMIT: JSON.stringify(commit) },
};

const otherCommandsElsewhere: Plugin = {
  name: 'other commands elsewhere',
  setup({ onResolve }) {
    onResolve({ filter: /\/other-commands\.js$/ }, () => ({
      path: './chos-runtime-more.cjs',
      external: true,
    }));
    onResolve({ filter: /\/service\.js$/ }, ({ importer }) =>
      importer.endsWith('/entry/main.ts') ? { path: './chos-runtime-serve.cjs', external: true } : null,
    );
  },
};

/** The executable has no directory of its own in which modules are looked for: koffi lies beside it, wherever its caller is. */
const koffiBesideExecutable: Plugin = {
  name: 'koffi beside the executable',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^koffi$/ }, ({ path }) => ({ path, namespace: 'beside' }));
    onLoad({ filter: /^koffi$/, namespace: 'beside' }, () => ({
      contents: `module.exports = require('node:module').createRequire(process.execPath)('koffi');`,
    }));
  },
};

async function packForNode(): Promise<void> {
  await build({
    ...options,
    entryPoints: ['runtime/entry/main.ts'],
    outfile: code,
    plugins: [otherCommandsElsewhere],
    banner: { js: '(function (exports, require, module) {' },
    footer: { js: '})' },
  });
  const name = `//${createHash('sha256').update(readFileSync(code)).digest('hex')}`;
  appendFileSync(code, name);
  await build({
    ...options,
    target: 'node18',
    entryPoints: ['runtime/entry/load.ts'],
    outfile: 'build/chos-runtime.cjs',
    footer: { js: name },
  });
  await build({
    ...options,
    entryPoints: ['runtime/entry/other-commands.ts'],
    outfile: 'build/chos-runtime-more.cjs',
  });
  await build({
    ...options,
    entryPoints: ['runtime/entry/service.ts'],
    outfile: 'build/chos-runtime-serve.cjs',
  });
}

async function packForBun(): Promise<void> {
  await build({
    ...options,
    entryPoints: ['runtime/entry/one-file.ts'],
    outfile: 'build/bun/compiler.cjs',
    plugins: [otherCommandsElsewhere],
  });
  await build({
    ...options,
    external: [],
    entryPoints: ['runtime/entry/other-commands.ts'],
    outfile: 'build/bun/chos-runtime-more.cjs',
    plugins: [koffiBesideExecutable],
  });
  await build({
    ...options,
    external: [],
    entryPoints: ['runtime/entry/service.ts'],
    outfile: 'build/bun/chos-runtime-serve.cjs',
    plugins: [koffiBesideExecutable],
  });
}

await (engine === 'bun' ? packForBun() : packForNode());

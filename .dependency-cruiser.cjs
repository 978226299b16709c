/**
 * Who may import whom: the table of docs/architecture.md, "Folders". `make lint` runs
 *     depcruise --config .dependency-cruiser.cjs spec runtime
 * Test files may import what they like: they stand outside.
 */
/** What is run, not imported. */
const entries = String.raw`^runtime/entry/(main|load|one-file|warm-up|pack)\.ts$|^spec/generate/`;
const test = String.raw`\.test\.ts$|/test/|/golden/`;

/** The folders of the product, and what each may import besides itself. */
const allowed = {
  spec: [],
  'runtime/admit': ['spec'],
  // Registry files are JSON for people, like config.json: read, checked and diagnosed by the same code.
  'runtime/trees': ['spec', 'runtime/host', 'runtime/admit', 'runtime/hooks'],
  'runtime/host': ['spec'],
  // Files of hooks.d are JSON for people too.
  'runtime/hooks': ['spec', 'runtime/host', 'runtime/admit', 'runtime/state'],
  // Trees that come in, their versions on disk; what is registered they read as it is.
  'runtime/store': ['spec', 'runtime/host', 'runtime/trees'],
  'runtime/program': ['spec'],
  // An operation gets its words where it is made: they are part of the image, in which the engine finds them.
  'runtime/compile': ['spec', 'runtime/program', 'runtime/report/operations'],
  'runtime/engine': ['spec', 'runtime/program'],
  'runtime/state': ['spec', 'runtime/host'],
  'runtime/serve': ['spec', 'runtime/engine', 'runtime/host'],
  'runtime/report': ['spec', 'runtime/program'],
  // The commands; runtime/entry brings a request to them, and may use everything.
  'runtime/cli': ['spec', 'runtime/admit', 'runtime/trees', 'runtime/store', 'runtime/hooks', 'runtime/host', 'runtime/program', 'runtime/compile', 'runtime/engine', 'runtime/state', 'runtime/report', 'runtime/serve'],
};

/**
 * Types say how far an object has come, and carry no code: the compiler takes what only admit can make (AdmittedSpec), and the words are made
 * for what admit, compile, trees and the engine's TypeScript found wrong. So these import types, and nothing that runs.
 */
const typesToo = {
  'runtime/compile': ['runtime/admit'],
  'runtime/report': ['runtime/admit', 'runtime/hooks', 'runtime/compile', 'runtime/trees', 'runtime/store', 'runtime/engine', 'runtime/state'],
};

/** The wings of the compiler, and which others each may use; the programs on top use them all. */
const wings = {
  idioms: [],
  bus: ['idioms'],
  seccomp: [],
  launch: ['idioms', 'seccomp'],
  cgroups: ['launch', 'idioms', 'bus'],
  namespaces: ['launch', 'idioms'],
  process: ['launch', 'idioms', 'cgroups', 'seccomp'],
  hooks: ['launch', 'idioms', 'process'],
  root: ['launch', 'idioms', 'cgroups', 'process'],
  container: ['launch', 'idioms', 'cgroups', 'root'],
  stored: ['launch', 'idioms', 'cgroups', 'container', 'hooks'],
  criu: ['launch', 'idioms', 'cgroups', 'process'],
  pins: ['launch', 'idioms', 'container', 'hooks', 'root'],
  views: ['launch', 'idioms', 'namespaces', 'root'],
};

const inside = folders => `^(${folders.join('|')})/`;

const directions = Object.entries(allowed).flatMap(([folder, others]) => {
  const types = typesToo[folder] ?? [];
  const rules = [
    {
      name: `${folder} imports ${['itself', ...others, ...types.map(t => `types of ${t}`)].join(', ')}`,
      severity: 'error',
      from: { path: `^${folder}/`, pathNot: [test, '^spec/generate/'] },
      to: { path: inside(['spec', 'runtime', 'conformance', 'hooks']), pathNot: inside([folder, ...others, ...types]) },
    },
  ];
  if (types.length > 0)
    rules.push({
      name: `${folder} imports nothing that runs from ${types.join(', ')}`,
      severity: 'error',
      from: { path: `^${folder}/`, pathNot: test },
      to: { path: inside(types), dependencyTypesNot: ['type-only'] },
    });
  return rules;
});

const betweenWings = Object.entries(wings).map(([wing, others]) => ({
  name: `runtime/compile/${wing} uses ${['itself', ...others].join(', ')}`,
  severity: 'error',
  from: { path: `^runtime/compile/${wing}/`, pathNot: test },
  to: { path: '^runtime/compile/', pathNot: inside([wing, ...others].map(name => `runtime/compile/${name}`)) },
}));

module.exports = {
  forbidden: [
    ...directions,
    ...betweenWings,
    {
      name: 'cgroups are reached through their driver',
      severity: 'error',
      from: { path: '^runtime/', pathNot: [test, '^runtime/compile/cgroups/'] },
      to: { path: '^runtime/compile/cgroups/', pathNot: String.raw`/drivers?\.ts$` },
    },
    {
      name: 'no cycles',
      comment: 'Not even of types: a cycle is one thing that has been cut in two.',
      severity: 'error',
      from: { pathNot: test },
      to: { circular: true },
    },
    {
      name: 'no orphans',
      severity: 'error',
      from: { orphan: true, pathNot: [test, String.raw`\.d\.ts$`] },
      to: {},
    },
    {
      name: 'no module that nothing leads to',
      severity: 'error',
      from: { path: entries },
      to: { path: '^(runtime|spec)/', pathNot: [entries, test, String.raw`\.d\.ts$`], reachable: false },
    },
    {
      name: 'the compiler is pure',
      comment: 'Neither it nor what it builds upon can ask the host for anything.',
      severity: 'error',
      from: { path: '^(runtime/(compile|program|admit)|spec)/', pathNot: [test, '^spec/generate/'] },
      // node:buffer tells well-formed UTF-8 from other bytes.
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
        pathNot: '^buffer$',
      },
    },
    {
      name: 'koffi stays off the way of create and run',
      comment: 'Loading it costs about 7 ms.',
      severity: 'error',
      from: { path: '^(spec|runtime)/', pathNot: ['^runtime/host/(libc|file-calls|peer-credentials|free-memory|exit-now|posix-regex)', test] },
      to: { path: '^node_modules/koffi' },
    },
    {
      name: 'nothing but what package.json names, and nothing that is only there for development',
      severity: 'error',
      from: { path: '^(spec|runtime)/', pathNot: [test, '^spec/generate/', '^runtime/entry/pack\\.ts$'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'everything imported exists', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(build|node_modules/.*/node_modules)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};

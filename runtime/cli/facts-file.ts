/** What `facts` prints and `--facts` reads: the facts of a machine and a caller (spec/host-facts.ts) in a file, read and checked as config.json is. */
import type { HostFacts } from '../../spec/host-facts.js';
import { isRecord } from '../../spec/is-record.js';
import { checkAbsolute, checkText } from '../admit/check-text.js';
import type { Diagnostic, Note, ValuePath } from '../admit/diagnostic.js';
import { parse } from '../admit/parse.js';
import { bootId } from '../host/boot-id.js';
import { hostArch } from '../host/facts.js';
import { type Attempt, ok, refuse } from './invocation.js';
import { refusedInput } from './refusal.js';

/** Raised when a fact gets another meaning, or the compiler needs one more. */
const VERSION = 2;

/** What a file tells. */
export interface GivenFacts {
  readonly facts: HostFacts;
  /** The boot of the machine: not its machine-id, which nodes that start from one image share, and which lives longer than generations and skeletons do. */
  readonly machine: string;
}

/** Of resctrl nothing: its groups belong to configurations. */
export function factsText({ resctrl: _, ...facts }: HostFacts, machine = bootId()): string {
  return `${JSON.stringify({ version: VERSION, machine, ...facts }, null, 2)}\n`;
}

type Check = (value: unknown, path: ValuePath, note: Note) => void;

function whole(minimum: number, maximum: number): Check {
  return (value, path, note) => {
    if (typeof value !== 'number') note(path, { kind: 'wrong-type', expected: 'integer' });
    else if (!Number.isInteger(value) || value < minimum || value > maximum)
      note(path, { kind: 'out-of-range', minimum: String(minimum), maximum: String(maximum) });
  };
}

const boolean: Check = (value, path, note) => {
  if (typeof value !== 'boolean') note(path, { kind: 'wrong-type', expected: 'boolean' });
};

const text: Check = (value, path, note) => {
  if (typeof value !== 'string') note(path, { kind: 'wrong-type', expected: 'string' });
};

/** Nothing leads out of the hierarchy that it is below. */
const absolutePath: Check = (value, path, note) => {
  if (typeof value !== 'string') note(path, { kind: 'wrong-type', expected: 'string' });
  else if (value.split('/').includes('..')) note(path, { kind: 'dot-dot' });
  else checkAbsolute(value, path, note);
};

const oneOf =
  (...allowed: readonly string[]): Check =>
  (value, path, note) => {
    if (typeof value !== 'string' || !allowed.includes(value)) note(path, { kind: 'not-one-of', allowed });
  };

const listOf =
  (check: Check): Check =>
  (value, path, note) => {
    if (!Array.isArray(value)) note(path, { kind: 'wrong-type', expected: 'array' });
    else for (const [i, item] of value.entries()) check(item, [...path, i], note);
  };

/** What is null is left out (runtime/admit/parse.ts). */
function object(checks: Readonly<Record<string, Check>>, optional: readonly string[] = []): Check {
  const allowed = Object.keys(checks);
  return (value, path, note) => {
    if (!isRecord(value)) {
      note(path, { kind: 'wrong-type', expected: 'object' });
      return;
    }
    for (const name of Object.keys(value))
      if (!allowed.includes(name))
        note([...path, name], { kind: 'unknown-name', allowed, of: 'a file of facts' });
    for (const [name, check] of Object.entries(checks))
      if (value[name] !== undefined) check(value[name], [...path, name], note);
      else if (!optional.includes(name)) note([...path, name], { kind: 'missing' });
  };
}

const LAST_ID = 2 ** 32 - 2;
const id = whole(0, LAST_ID);
const hierarchy = object(
  { mount: absolutePath, controllers: listOf(text), own: absolutePath, from: absolutePath },
  ['from'],
);
const layouts: Readonly<Record<string, Check>> = {
  none: object({ layout: text }),
  v1: object({ layout: text, hierarchies: listOf(hierarchy) }),
  hybrid: object({ layout: text, hierarchies: listOf(hierarchy), unified: hierarchy }),
  v2: object({ layout: text, unified: hierarchy }),
};
const cgroup: Check = (value, path, note) => {
  const layout = isRecord(value) ? value.layout : undefined;
  const check = typeof layout === 'string' && Object.hasOwn(layouts, layout) ? layouts[layout] : undefined;
  if (check !== undefined) check(value, path, note);
  else oneOf(...Object.keys(layouts))(layout, [...path, 'layout'], note);
};
const ranges = listOf(object({ first: id, count: whole(1, 2 ** 32 - 1) }));

const whatItIs = (): Check =>
  object(
    {
      version: whole(VERSION, VERSION),
      machine: text,
      // The engine that is attached, and its system calls, are those of this machine.
      arch: oneOf(hostArch()),
      kernel: object({ major: whole(0, 1000), minor: whole(0, 1000) }),
      lastCapability: whole(0, 63),
      capabilities: listOf(whole(0, 63)),
      euid: id,
      egid: id,
      owner: text,
      cgroup,
      userNamespace: object({ uids: ranges, gids: ranges, setgroups: boolean }),
      withheld: object({ controllers: listOf(text), all: cgroup }),
      lsm: object({ apparmor: boolean, selinux: boolean }),
    },
    ['userNamespace', 'withheld'],
  );

/** `file`: as the caller calls it. */
export function parseFacts(file: string, bytes: Uint8Array | string): Attempt<GivenFacts> {
  const parsed = parse({ file, text: bytes });
  if (parsed.kind === 'refused') return refuse(refusedInput(parsed.diagnostics));
  const { document } = parsed;
  const { value } = document;
  const diagnostics: Diagnostic[] = [];
  const note: Note = (path, what) => diagnostics.push(document.diagnose(path, what));
  // Of another version nothing else is known.
  if (isRecord(value) && value.version !== undefined)
    whole(VERSION, VERSION)(value.version, ['version'], note);
  if (diagnostics.length === 0) {
    whatItIs()(value, [], note);
    checkText(Buffer.from(bytes).toString('utf8'), value, note);
  }
  if (diagnostics.length > 0) return refuse(refusedInput(diagnostics));
  const {
    version: _,
    machine,
    ...facts
  } = value as HostFacts & {
    readonly version: number;
    readonly machine: string;
  };
  return ok({
    machine,
    facts: { ...facts, userNamespace: facts.userNamespace ?? null, withheld: facts.withheld ?? null },
  });
}

import type { Config, LinuxResources, Process } from '../../spec/generated/config.js';
import {
  type Validator,
  validateConfig,
  validateProcess,
  validateResources,
} from '../../spec/generated/validators.js';
import type { NormalConfig, NormalProcess } from '../../spec/normal-config.js';
import type { NormalResources } from '../../spec/normal-resources.js';
import { checkAnnotations } from './check-annotations.js';
import { checkHooks, checkMounts } from './check-files.js';
import { checkLengths } from './check-lengths.js';
import { checkLinux } from './check-linux.js';
import { checkMappedMounts, checkMappings } from './check-mappings.js';
import { checkMemoryPolicy } from './check-memory-policy.js';
import { checkProcess } from './check-process.js';
import { checkResources } from './check-resources.js';
import { checkSeccomp } from './check-seccomp.js';
import { checkSize } from './check-size.js';
import { checkText } from './check-text.js';
import type { Diagnostic, Note, Place, ValuePath } from './diagnostic.js';
import type { Document } from './document.js';
import { normalProcess } from './normal/process.js';
import { normalResources } from './normal/resources.js';
import { normalForm } from './normal-form.js';
import { maximumDiagnostics, parse, type Source } from './parse.js';
import { noteViolations } from './shape.js';
import { checkSupported } from './unsupported.js';
import { configRules, processRules, resourcesRules, settleZeros, type ZeroRules } from './zero-values.js';

export type { Diagnostic, Place, Reason, ValuePath } from './diagnostic.js';
export type { Source } from './parse.js';

declare const admitted: unique symbol;

/** What every admitted file has. Only this module makes one. */
interface Admitted {
  readonly [admitted]: true;
  /** As the caller named it. */
  readonly file: string;
  /** Place of the value at `path`, or of the nearest value around it. One scan serves all questions. */
  readonly place: (path: ValuePath) => Place;
  readonly diagnose: Document['diagnose'];
}

/** A config.json that follows the spec and asks for nothing that this version cannot do. */
export interface AdmittedSpec extends Admitted {
  readonly config: NormalConfig;
  /** As it is written, without what stands for nothing: `exec` makes its process of that of the container. */
  readonly written: Config;
}

/** A process.json for exec, checked like `process` of config.json. */
export interface AdmittedProcess extends Admitted {
  readonly process: NormalProcess;
}

/** A resources.json for update, checked like `linux.resources` of config.json. */
export interface AdmittedResources extends Admitted {
  readonly resources: NormalResources;
}

/** Why a file is not admitted: at least one diagnostic, in the order of the file, at most 50. */
export interface Refused {
  readonly kind: 'refused';
  readonly diagnostics: readonly Diagnostic[];
}

/** Taken, with what deserves a warning in the log, in the order in which it was noticed, at most 50. */
export interface Accepted<Spec> {
  readonly kind: 'admitted';
  readonly spec: Spec;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Reads and checks a config.json (runtime spec 1.3, config.md and config-linux.md). Never throws, whatever the
 * bytes are. What may be written in more ways than one comes out in one (zero-values.ts, normal-form.ts).
 */
export function admit(source: Source): Accepted<AdmittedSpec> | Refused {
  const checked = admitAs<Config>(source, {
    rules: configRules,
    validate: validateConfig,
    check: checkConfig,
  });
  if (checked.kind === 'refused') return checked;
  const { document, value, warnings } = checked;
  return {
    kind: 'admitted',
    spec: brand({ ...placesOf(document), config: normalForm(value), written: value }),
    warnings,
  };
}

/** Reads and checks the file of exec --process. */
export function admitProcess(source: Source): Accepted<AdmittedProcess> | Refused {
  const checked = admitAs<Process>(source, {
    rules: processRules,
    validate: validateProcess,
    check: (process, note) => checkProcess(process, [], note),
  });
  if (checked.kind === 'refused') return checked;
  const { document, value, warnings } = checked;
  return {
    kind: 'admitted',
    spec: brand({ ...placesOf(document), process: normalProcess(value) }),
    warnings,
  };
}

/** Reads and checks the file of update --resources. `ociVersion`: that of the container's config.json, null: the latest. */
export function admitResources(
  source: Source,
  ociVersion: string | null = null,
): Accepted<AdmittedResources> | Refused {
  const checked = admitAs<LinuxResources>(source, {
    rules: resourcesRules,
    validate: validateResources,
    check: (resources, note, warn) => checkResources(resources, [], note, warn),
  });
  if (checked.kind === 'refused') return checked;
  const { document, value, warnings } = checked;
  return {
    kind: 'admitted',
    spec: brand({ ...placesOf(document), resources: normalResources(value, ociVersion) }),
    warnings,
  };
}

function checkConfig(config: Config, note: Note, warn: Note): void {
  checkSize(config, note);
  // config.md, "Annotations": a key MUST NOT be an empty string.
  if (Object.hasOwn(config.annotations ?? {}, '')) note(['annotations'], { kind: 'empty-key' });
  checkProcess(config.process, ['process'], note);
  checkLengths(config, note);
  checkMounts(config, note, warn);
  checkHooks(config, note, warn);
  checkLinux(config, note, warn);
  checkMappings(config, note, warn);
  checkMappedMounts(config, note);
  const { memoryPolicy, resources, seccomp } = config.linux ?? {};
  if (memoryPolicy !== undefined) checkMemoryPolicy(memoryPolicy, note);
  if (resources !== undefined) checkResources(resources, ['linux', 'resources'], note, warn);
  if (seccomp !== undefined) checkSeccomp(seccomp, ['linux', 'seccomp'], note, warn);
  checkAnnotations(config, note);
  checkSupported(config, note);
}

interface Valid<Value> {
  readonly kind: 'valid';
  readonly document: Document;
  readonly value: Value;
  readonly warnings: readonly Diagnostic[];
}

/** A kind of document. `check` gets two ways to note something: what refuses the file, and what is only worth a warning. */
interface Kind<Value> {
  readonly rules: ZeroRules;
  readonly validate: Validator;
  readonly check: (value: Value, note: Note, warn: Note) => void;
}

function admitAs<Value>(source: Source, { rules, validate, check }: Kind<Value>): Valid<Value> | Refused {
  const parsed = parse(source);
  if (parsed.kind === 'refused') return parsed;
  const { document } = parsed;
  const diagnostics: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const noteIn =
    (list: Diagnostic[]): Note =>
    (path, what) => {
      if (list.length < maximumDiagnostics) list.push(document.diagnose(path, what));
    };
  const note = noteIn(diagnostics);
  const warn = noteIn(warnings);
  const assumed = settleZeros(document.value, rules);
  for (const { path, value } of assumed) warn(path, { kind: 'assumed', value: String(value) });
  if (!validate(document.value)) noteViolations(document.value, validate.errors ?? [], note);
  checkText(document.text, document.value, note);
  // The other checks rely on the types.
  if (diagnostics.length === 0) check(document.value as Value, note, warn);
  if (diagnostics.length === 0) return { kind: 'valid', document, value: document.value as Value, warnings };
  diagnostics.sort((one, other) => one.line - other.line || one.column - other.column);
  return { kind: 'refused', diagnostics };
}

function placesOf({ file, place, diagnose }: Document): Pick<Document, 'file' | 'place' | 'diagnose'> {
  return { file, place, diagnose };
}

/** The brand exists for the type checker only. */
function brand<Value extends object>(value: Value): Value & { readonly [admitted]: true } {
  return value as Value & { readonly [admitted]: true };
}

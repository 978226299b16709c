import type { SchemaViolation } from '../../spec/generated/validators.js';
import { largestId } from '../../spec/ids.js';
import type { Note, Reason, TextForm, ValuePath } from './diagnostic.js';

/** Which form a pattern of the schemas stands for; people are told the form, not the pattern. */
const patternForms: Readonly<Record<string, TextForm>> = {
  '^v?1(\\.\\d+)*([-+].*)?$': 'version',
  '^[1-9][0-9]*[KMG]B$': 'page-size',
  '^[rwm]*$': 'device-access',
};

/** Notes what ajv found, in our own terms. */
export function noteViolations(value: unknown, violations: readonly SchemaViolation[], note: Note): void {
  const told = new Set<string>();
  for (const violation of violations) {
    // A number where a word belongs breaks both type and enum: the first says it.
    if (violation.keyword !== 'required') {
      if (told.has(violation.instancePath)) continue;
      told.add(violation.instancePath);
    }
    const path = pathFromPointer(value, violation.instancePath);
    const { params } = violation;
    if (violation.keyword === 'required')
      note([...path, String(params.missingProperty)], { kind: 'missing' });
    else note(path, reasonOf(violation.keyword, params, valueAt(value, path)));
  }
}

function reasonOf(keyword: string, params: SchemaViolation['params'], found: unknown): Reason {
  switch (keyword) {
    case 'type':
      return { kind: 'wrong-type', expected: String(params.type) };
    case 'wholeNumber':
      if (typeof found !== 'number' && typeof found !== 'bigint')
        return { kind: 'wrong-type', expected: 'integer' };
      if (Number(params.maximum) === largestId) return { kind: 'not-an-id' };
      return { kind: 'out-of-range', minimum: String(params.minimum), maximum: String(params.maximum) };
    case 'enum':
      if (typeof found !== 'string') return { kind: 'wrong-type', expected: 'string' };
      return { kind: 'not-one-of', allowed: (params.allowedValues as readonly unknown[]).map(String) };
    case 'minItems':
    case 'minLength':
      return { kind: 'empty' };
    case 'pattern':
      return { kind: 'wrong-form', form: patternForms[String(params.pattern)] ?? 'other' };
    default:
      return { kind: 'wrong-form', form: 'other' };
  }
}

/** RFC 6901. Digits are an index only inside an array: an object may well have the name "0". */
function pathFromPointer(root: unknown, pointer: string): ValuePath {
  const path: (string | number)[] = [];
  let current = root;
  for (const escaped of pointer.split('/').slice(1)) {
    const name = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    const part = Array.isArray(current) ? Number(name) : name;
    path.push(part);
    current = valueAt(current, [part]);
  }
  return path;
}

function valueAt(root: unknown, path: ValuePath): unknown {
  let current = root;
  for (const part of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Readonly<Record<string | number, unknown>>)[part];
  }
  return current;
}

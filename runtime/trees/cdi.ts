/**
 * Devices by their names in CDI (Container Device Interface), for features. The same directories as those of hooks/gpu, which does it for callers that name a device by an annotation. What is
 * read must be root's, as the registry must: it says what is mounted.
 */
import { isRecord } from '../../spec/is-record.js';
import { isBad, jsonFiles, readTrusted } from './read-registry.js';

/** The later counts: it is made at boot. */
export const CDI_DIRECTORIES = ['/etc/cdi', '/run/cdi'] as const;

export interface CdiNode {
  /** Inside, and on the host. */
  readonly path: string;
  readonly source: string;
  readonly access: string | null;
}

export interface CdiMount {
  readonly path: string;
  readonly at: string;
  readonly writable: boolean;
  readonly noexec: boolean;
}

/** What a device brings, and its specification. */
export interface CdiDevice {
  readonly file: string;
  readonly nodes: readonly CdiNode[];
  readonly mounts: readonly CdiMount[];
  readonly env: readonly string[];
  readonly groups: readonly number[];
  /** Programs that it wants to run. */
  readonly programs: readonly string[];
}

export type CdiFault =
  | { readonly kind: 'cdi-untrusted'; readonly path: string; readonly why: 'owner' | 'mode' | 'not-a-file' }
  | { readonly kind: 'cdi-unreadable'; readonly path: string; readonly code: string }
  /** `what`: the member that is wrong, or is not done. */
  | { readonly kind: 'cdi-wrong'; readonly path: string; readonly what: string }
  | { readonly kind: 'cdi-twice'; readonly device: string; readonly directory: string }
  | { readonly kind: 'cdi-unknown'; readonly device: string; readonly known: readonly string[] }
  | { readonly kind: 'cdi-program'; readonly path: string; readonly program: string };

interface Specification {
  readonly file: string;
  readonly kind: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Thrown while one is read, so that each member needs no way out of its own. */
class Wrong extends Error {
  constructor(
    readonly file: string,
    readonly what: string,
  ) {
    super(what);
  }
}

class Reader {
  constructor(readonly file: string) {}

  list(object: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
    const value = object[name] ?? [];
    return Array.isArray(value) ? value : this.refuse(name);
  }

  records(
    object: Readonly<Record<string, unknown>>,
    name: string,
  ): readonly Readonly<Record<string, unknown>>[] {
    return this.list(object, name).map(one => (isRecord(one) ? one : this.refuse(name)));
  }

  path(object: Readonly<Record<string, unknown>>, name: string): string {
    const value = object[name];
    return typeof value === 'string' && /^\/[^\p{Cc}]+$/u.test(value) && !value.split('/').includes('..')
      ? value
      : this.refuse(name);
  }

  refuse(what: string): never {
    throw new Wrong(this.file, what);
  }
}

function nodeOf(read: Reader, node: Readonly<Record<string, unknown>>): CdiNode {
  const path = read.path(node, 'path');
  const source = node.hostPath === undefined || node.hostPath === '' ? path : read.path(node, 'hostPath');
  const { permissions } = node;
  if (permissions === undefined || permissions === '') return { path, source, access: null };
  if (typeof permissions !== 'string' || !/^[rwm]+$/.test(permissions)) return read.refuse('permissions');
  return { path, source, access: permissions };
}

/** A mount of a feature is a bind of all that is below, and read-only or not; what else could be asked for is refused, not left out. */
const OPTIONS: ReadonlySet<unknown> = new Set([
  ...['ro', 'rro', 'rw', 'bind', 'rbind', 'nosuid', 'nodev', 'noexec'],
  // Of what is below it is a copy in any case.
  ...['private', 'rprivate', 'slave', 'rslave'],
]);

function mountOf(read: Reader, mount: Readonly<Record<string, unknown>>): CdiMount {
  const type = mount.type ?? '';
  if (type !== '' && type !== 'bind' && type !== 'none') return read.refuse('type');
  const options = mount.options === undefined ? ['ro'] : read.list(mount, 'options');
  for (const option of options) if (!OPTIONS.has(option)) read.refuse(`options ${String(option)}`);
  return {
    path: read.path(mount, 'hostPath'),
    at: read.path(mount, 'containerPath'),
    writable: !options.includes('ro') && !options.includes('rro'),
    noexec: options.includes('noexec'),
  };
}

type Edits = Omit<CdiDevice, 'file'>;

function editsOf(read: Reader, value: unknown): Edits {
  const edits = value ?? {};
  if (!isRecord(edits)) return read.refuse('containerEdits');
  for (const name of ['intelRdt', 'netDevices']) if (edits[name] !== undefined) read.refuse(name);
  return {
    nodes: read.records(edits, 'deviceNodes').map(node => nodeOf(read, node)),
    mounts: read.records(edits, 'mounts').map(mount => mountOf(read, mount)),
    env: read
      .list(edits, 'env')
      .map(entry =>
        typeof entry === 'string' && /^[^=\0]+=[^\0]*$/.test(entry) ? entry : read.refuse('env'),
      ),
    groups: read
      .list(edits, 'additionalGids')
      .map(id =>
        typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < 0xffffffff
          ? id
          : read.refuse('additionalGids'),
      ),
    programs: read.records(edits, 'hooks').map(hook => read.path(hook, 'path')),
  };
}

function specificationsIn(directory: string, prefix: string): readonly Specification[] | CdiFault {
  const names = jsonFiles(prefix + directory);
  const faultOf = (bad: Exclude<typeof names, readonly string[]>): CdiFault =>
    bad.kind === 'untrusted'
      ? { kind: 'cdi-untrusted', path: bad.path.slice(prefix.length), why: bad.why }
      : { kind: 'cdi-unreadable', path: bad.path.slice(prefix.length), code: bad.code };
  if (isBad(names)) return faultOf(names);
  const found: Specification[] = [];
  for (const name of names) {
    const file = name.slice(prefix.length);
    const bytes = readTrusted(name);
    if (bytes === null) continue;
    if (isBad(bytes)) return faultOf(bytes);
    let content: unknown;
    try {
      content = JSON.parse(Buffer.from(bytes).toString('utf8'));
    } catch {
      return { kind: 'cdi-wrong', path: file, what: 'JSON' };
    }
    if (isRecord(content) && typeof content.kind === 'string')
      found.push({ file, kind: content.kind, content });
  }
  return found;
}

const isFault = (value: object): value is CdiFault => 'kind' in value;

/** What is behind each name. `prefix`: another root, as /proc/1/root. */
export function readCdi(prefix = ''): ReadonlyMap<string, CdiDevice | CdiFault> | CdiFault {
  const devices = new Map<string, CdiDevice | CdiFault>();
  for (const directory of CDI_DIRECTORIES) {
    const specifications = specificationsIn(directory, prefix);
    if (isFault(specifications)) return specifications;
    const here = new Set<string>();
    for (const { file, kind, content } of specifications) {
      const read = new Reader(file);
      try {
        const all = editsOf(read, content.containerEdits);
        for (const device of read.records(content, 'devices')) {
          if (typeof device.name !== 'string' || device.name === '') read.refuse('name');
          const name = `${kind}=${device.name}`;
          const own = editsOf(read, device.containerEdits);
          const both: CdiDevice = {
            file,
            nodes: [...all.nodes, ...own.nodes],
            mounts: [...all.mounts, ...own.mounts],
            env: [...all.env, ...own.env],
            groups: [...all.groups, ...own.groups],
            programs: [...all.programs, ...own.programs],
          };
          devices.set(name, here.has(name) ? { kind: 'cdi-twice', device: name, directory } : both);
          here.add(name);
        }
      } catch (error) {
        if (!(error instanceof Wrong)) throw error;
        return { kind: 'cdi-wrong', path: error.file, what: error.what };
      }
    }
  }
  return devices;
}

/** The device of a name; or why there is none. */
export function cdiDevice(
  all: ReturnType<typeof readCdi>,
  device: string,
  skipPrograms: boolean,
): CdiDevice | CdiFault {
  if (!(all instanceof Map)) return all as CdiFault;
  const found: CdiDevice | CdiFault | undefined = all.get(device);
  if (found === undefined) return { kind: 'cdi-unknown', device, known: [...all.keys()] };
  if ('kind' in found) return found;
  const [program] = found.programs;
  return program === undefined || skipPrograms ? found : { kind: 'cdi-program', path: found.file, program };
}

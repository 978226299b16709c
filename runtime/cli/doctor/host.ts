/** The machine as the checks read it, so that a test can make one up: files below a prefix, and who asks. Nothing of it writes. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import type { HostFacts } from '../../../spec/host-facts.js';
import { thisProcess } from '../../host/caller.js';
import { type DelegationSources, withDelegation } from '../../host/delegation.js';
import { codeOf } from '../../host/error-code.js';
import { probeHostFacts } from '../../host/facts.js';
import { fileSystemMagic } from '../../host/file-system-magic.js';
import { may } from '../../host/may.js';
import { readLink } from '../../host/user-namespace.js';

export type Seen =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  /** It is there, but cannot be read. */
  | { readonly kind: 'closed'; readonly code: string };

export interface Host {
  /** Of the caller, with what of the cgroups it may use. */
  readonly facts: HostFacts;
  /** Root of the machine; who is not cannot see everything. */
  readonly isRoot: boolean;
  see(path: string): Seen;
  /** The text of a file; null: there is none to be had. */
  read(path: string): string | null;
  /** Names in a directory, in order; none if it cannot be read. */
  list(path: string): readonly string[];
  stat(path: string): Stats | null;
  /** The same of a link itself. */
  lstat(path: string): Stats | null;
  /** An environment variable of the caller. */
  variable(name: string): string | null;
}

export interface Caller {
  /** What stands before each path. */
  readonly prefix: string;
  readonly euid: number;
  readonly owner: string;
  readonly variable: (name: string) => string | null;
  readonly magicOf: (path: string) => number | null;
  readonly writable: (path: string) => boolean;
}

/** Configuration of a machine is shorter. */
const MOST = 4 << 20;

/** A regular file only: a name that a variable gives may be a fifo, and would be waited for. */
function see(path: string): Seen {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'absent' } : { kind: 'closed', code };
  }
  try {
    if (!fstatSync(fd).isFile()) return { kind: 'closed', code: 'EINVAL' };
    const parts: Buffer[] = [];
    for (let length = 0; ; ) {
      const part = Buffer.allocUnsafe(65_536);
      const count = readSync(fd, part, 0, part.length, null);
      if (count === 0) return { kind: 'text', text: Buffer.concat(parts).toString('utf8') };
      length += count;
      if (length > MOST) return { kind: 'closed', code: 'EFBIG' };
      parts.push(part.subarray(0, count));
    }
  } catch (error) {
    return { kind: 'closed', code: codeOf(error) };
  } finally {
    closeSync(fd);
  }
}

/** `caller`: what is not asked of the process itself. */
export function hostOf(caller: Partial<Caller> = {}): Host {
  const { prefix = '', variable = () => null, magicOf = fileSystemMagic } = caller;
  const read = (path: string): string | null => {
    const seen = see(prefix + path);
    return seen.kind === 'text' ? seen.text : null;
  };
  const sources: DelegationSources = {
    exists: path => existsSync(prefix + path),
    writable: caller.writable ?? (path => may(prefix + path, constants.W_OK)),
    open: path => may(prefix + path, constants.R_OK | constants.X_OK),
    read,
  };
  const probed = probeHostFacts(thisProcess(), { read, magicOf, link: path => readLink(prefix + path) });
  const { euid = probed.euid, owner = probed.owner } = caller;
  const facts = withDelegation({ ...probed, euid, owner }, null, sources);
  return {
    facts,
    isRoot: euid === 0 && facts.userNamespace === null,
    see: path => see(prefix + path),
    read,
    list(path) {
      try {
        return readdirSync(prefix + path).sort();
      } catch {
        return [];
      }
    },
    stat(path) {
      try {
        return statSync(prefix + path);
      } catch {
        return null;
      }
    },
    lstat(path) {
      try {
        return lstatSync(prefix + path);
      } catch {
        return null;
      }
    },
    variable,
  };
}

/** Where programs of the system are, whatever the caller's PATH says. */
const directories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The path of a program; undefined: it is not installed. */
export function programOf(host: Host, name: string): string | undefined {
  return directories
    .map(directory => `${directory}/${name}`)
    .find(path => {
      const found = host.stat(path);
      return found?.isFile() === true && (found.mode & 0o111) !== 0;
    });
}

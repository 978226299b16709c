/** What is read of the host while who will ask for it is still speaking. */
import { existsSync } from 'node:fs';
import { CGROUP_ROOT } from './cgroup-facts.js';
import { fileSystemMagic } from './file-system-magic.js';
import { readProc } from './read-proc.js';

/** The host as this process sees it. */
export interface HostReader {
  readonly text: (path: string) => string | null;
  readonly magicOf: (path: string) => number | null;
}

export const hostReader: HostReader = {
  text: readProc,
  // An exception costs ten times what asking first does; cgroups are nearly always where they are looked for first.
  magicOf: path => (path.startsWith(CGROUP_ROOT) || existsSync(path) ? fileSystemMagic(path) : null),
};

/** Gives each reading once: whoever reads again wants to know whether it is still so. */
export class ReadAhead implements HostReader {
  readonly #host: HostReader;
  readonly #texts = new Map<string, string | null>();
  readonly #magics = new Map<string, number | null>();
  #looks = false;

  constructor(host: HostReader) {
    this.#host = host;
  }

  readonly text = (path: string): string | null => this.#read(this.#texts, this.#host.text, path);
  readonly magicOf = (path: string): number | null => this.#read(this.#magics, this.#host.magicOf, path);

  /** What `look` reads is kept in the place of what was. If it fails, nothing is: who asks will fail by himself. */
  look(look: () => void): void {
    this.forget();
    this.#looks = true;
    try {
      look();
    } catch {
      this.forget();
    } finally {
      this.#looks = false;
    }
  }

  forget(): void {
    this.#texts.clear();
    this.#magics.clear();
  }

  /** Of two readings in one look the earlier is kept: what was found between them is not older than it, as it is where both are made for who asks. */
  #read<T>(kept: Map<string, T>, read: (path: string) => T, path: string): T {
    if (!this.#looks) {
      const known = kept.get(path);
      if (known !== undefined) {
        kept.delete(path);
        return known;
      }
    }
    const found = read(path);
    if (this.#looks && !kept.has(path)) kept.set(path, found);
    return found;
  }
}

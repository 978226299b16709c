import type { Finished } from '../harness/processes.js';
import type { Podman } from './podman.js';

/** What a person sees of a finished command. */
export interface Seen {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without what differs from run to run: ids, the runtime's name, the directory of the test. */
export function seen(podman: Podman, { code, stdout, stderr }: Finished): Seen {
  return { code, stdout: plain(podman, stdout), stderr: plain(podman, stderr) };
}

export function plain(podman: Podman, text: string): string {
  return text
    .replaceAll(podman.dir, 'DIR')
    .replaceAll(podman.place.dir, 'PLACE')
    .replaceAll(podman.runtimePath, 'RUNTIME')
    .replaceAll(podman.runtime, 'RUNTIME')
    .replace(/\b[0-9a-f]{64}\b/g, 'ID')
    .replace(/\b[0-9a-f]{12}\b/g, 'ID')
    .trimEnd();
}

/** Runs `script` in a container of the image `bb`, with `options` before the image. */
export async function script(podman: Podman, options: readonly string[], text: string): Promise<Seen> {
  return seen(podman, await podman.run([...options, 'bb', 'sh', '-c', text]));
}

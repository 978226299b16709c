import { errnos } from '../../spec/errno.js';

/** What strerror(3) says: Podman and containerd look for these texts. An errno that is not in the table is shown by its name. */
export function errnoText(code: string): string {
  return (Object.entries(errnos).find(([name]) => name === code)?.[1] ?? { words: code }).words;
}

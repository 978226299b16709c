import { readProc } from './read-proc.js';

/** Which machine this is, and since when it runs; after a boot nothing is as it was. Empty: /proc does not tell. */
export const bootId = (): string => (readProc('/proc/sys/kernel/random/boot_id') ?? '').trim();

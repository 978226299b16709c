/** The name of the errno with which a call of node:fs has failed; what is no such error is a bug and thrown on. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}

/** Null, where what is looked at is missing (ENOENT); throws as the call fails otherwise: what cannot be read is not empty. */
export function unlessMissing<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

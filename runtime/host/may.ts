import { accessSync } from 'node:fs';

/** access(2): whether the caller may, `how` of fs.constants. */
export function may(path: string, how: number): boolean {
  try {
    accessSync(path, how);
    return true;
  } catch {
    return false;
  }
}

import type { CompileRefusal } from '../compile/compile.js';
import { visible } from './visible.js';

/** Words for what the compiler refuses. */
export function refusalText(reason: CompileRefusal): string {
  return visible(typeof reason === 'string' ? reason : JSON.stringify(reason));
}

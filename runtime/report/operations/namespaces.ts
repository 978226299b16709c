import type { namespaces as catalog } from '../../../spec/operations/namespaces.js';
import type { WordsOf } from './words-of.js';

export const namespaces: WordsOf<typeof catalog> = {
  'open-namespace': { title: o => `open the ${o.type} namespace ${o.path}` },
  'join-namespace': { title: o => `join the ${o.type} namespace ${o.path}` },
  'make-namespace': { title: o => `make a new ${o.type} namespace` },
  'set-clocks': { title: () => 'set the clocks of the time namespace' },
  'raise-loopback': { title: () => 'bring up the loopback interface' },
};

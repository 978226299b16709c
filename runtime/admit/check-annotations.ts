import type { Config } from '../../spec/generated/config.js';
import type { Note } from './diagnostic.js';
import { PROPERTY_PREFIX, unitProperty } from './normal/systemd-properties.js';

/** All of them together; a message to systemd has to fit into what a socket holds. */
const PROPERTIES_LIMIT = 65536;

/** Notes properties of systemd that are none, whoever makes the cgroups: as with runc. */
export function checkAnnotations({ annotations = {} }: Config, note: Note): void {
  let size = 0;
  for (const [name, text] of Object.entries(annotations)) {
    if (!name.startsWith(PROPERTY_PREFIX)) continue;
    size += name.length + text.length;
    if (size > PROPERTIES_LIMIT) note(['annotations', name], { kind: 'too-long', limit: PROPERTIES_LIMIT });
    else if (unitProperty(name, text) === null)
      note(['annotations', name], { kind: 'wrong-form', form: 'unit-property' });
  }
}

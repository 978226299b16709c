/** `write-conformance-page.ts`: write docs/conformance.md anew. */
import { writeFileSync } from 'node:fs';
import { defences } from '../requirements/defences.js';
import { flaws } from '../requirements/flaws.js';
import { requirements } from '../requirements/requirements.js';
import { conformancePage } from './conformance-page.js';
import { readRecord } from './record.js';

writeFileSync(
  'docs/conformance.md',
  conformancePage(requirements, flaws, defences, readRecord('conformance/suite/record.json')),
);

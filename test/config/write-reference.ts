/** Writes the reference of all settings into config/README.md, after its last heading: `npm run fix` does it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { renderReference } from '../../src/config/reference.ts';

const file = new URL('../../config/README.md', import.meta.url);
const text = readFileSync(file, 'utf8');
writeFileSync(file, text.slice(0, text.indexOf('| setting |')) + renderReference());

// The directory of package.json. Written for old Nodes too: they must come as far as being told that they are old.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

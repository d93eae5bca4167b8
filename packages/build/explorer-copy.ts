import { join } from 'node:path';

/** What packages for others have in place of gateway/src/pages/explorer-folder.ts: the built explorer beside their code. */
export const explorerFolder = join(import.meta.dirname, 'explorer');

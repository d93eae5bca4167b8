import { join } from 'node:path';

/** Where `npm run build -w explorer`, `npm start` and the image put the built explorer. Packages for others have a copy beside their code. */
export const explorerFolder = join(import.meta.dirname, '../../../explorer/dist');

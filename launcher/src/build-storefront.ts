import { join } from 'node:path';
import { buildPage } from '../../console/build-page.ts';

/* Started by `npm start`, in a process of its own. storefront.ts writes these two settings into the page when it serves it. */
process.env.VITE_SIGNET_URL = '';
process.env.VITE_PROVIDERS = '';

await buildPage({
  folder: join(import.meta.dirname, '../../examples/storefront'),
  sources: [
    'examples/storefront/{src/**/*,*.ts,*.html,package.json}',
    'libs/client/src/*.ts',
    'package-lock.json',
  ],
});

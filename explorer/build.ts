import { buildPage } from '../console/build-page.ts';

/* `npm run build -w explorer`, and `npm start` in a process of its own. */

await buildPage({
  folder: import.meta.dirname,
  sources: ['explorer/{src/**/*,*.ts,package.json}', 'gateway/src/pages/client/*.js', 'package-lock.json'],
});

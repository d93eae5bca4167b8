import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasProductionSurface } from '@signet/service';
import type { LauncherConfig } from './config.ts';

const folder = join(import.meta.dirname, '../../examples/storefront');

/** Values of HOST with which the entrances answer under the names of this machine, which the pages call them by. */
const hostsAtHome = ['127.0.0.1', 'localhost', '0.0.0.0', '::'];

/** Whether `npm start` serves the pages of the demo shop. `signet remove-shop` takes them away. */
export function isStorefrontServed(config: LauncherConfig): boolean {
  return (
    config.STOREFRONT &&
    !hasProductionSurface(config) &&
    hostsAtHome.includes(config.HOST) &&
    existsSync(join(folder, 'package.json'))
  );
}

/** Where they are built into. */
export const storefrontFiles = join(folder, 'dist');

/** A page is at home at both names of this machine, whose cookies are apart. */
export function originsOfPort(port: number): string[] {
  return [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasProductionSurface } from '@signet/service';
import type { LauncherConfig } from './config.ts';

const folder = join(import.meta.dirname, '../../examples/storefront');

/** Whether `npm start` serves the pages of the demo shop. `signet remove-shop` takes them away. */
export function isStorefrontServed(config: LauncherConfig): boolean {
  return config.STOREFRONT && !hasProductionSurface(config) && existsSync(join(folder, 'package.json'));
}

/** Where they are built into. */
export const storefrontFiles = join(folder, 'dist');

/** A page is at home at both names of this machine, whose cookies are apart. */
export function originsOfPort(port: number): string[] {
  return [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
}

import type { Platform } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import { createSignInThrottle, type SignInThrottle } from './sign-in-throttle.ts';
import { readThrottleLimits, type ThrottleConfig } from './throttle-config.ts';
import { createThrottleKeys } from './throttle-keys.ts';
import { openThrottleStore } from './throttle-store.ts';

type Options = {
  config: ThrottleConfig & { PASSWORD_PEPPER: Uint8Array };
  platform: Platform;
  logger: Logger;
  databaseUrl: string;
};

/** A platform's limits on sign-in, as configured, on its own table. */
export function openSignInThrottle({ config, platform, logger, databaseUrl }: Options): {
  throttle: SignInThrottle;
  close(): Promise<void>;
} {
  const maxRows = config.THROTTLE_MAX_ROWS;
  const store = openThrottleStore({ databaseUrl, platform, log: logger, maxRows });
  const keyOf = createThrottleKeys(config.PASSWORD_PEPPER, platform);
  const throttle = createSignInThrottle(store, keyOf, readThrottleLimits(config));
  return { throttle, close: () => store.close() };
}

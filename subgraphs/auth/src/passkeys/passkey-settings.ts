import { isIP } from 'node:net';
import type { Platform } from '@signet/schema/contract';
import { z } from 'zod';

const origins = z
  .string()
  .transform((text) => text.split(',').map((origin) => origin.trim()))
  .refine(
    (list) => list.every(isOrigin),
    'must be origins separated by commas, such as https://shop.example.com',
  );
const domain = z
  .string()
  .refine(isDomain, 'must be a domain, such as example.com: without scheme, port or path, and no IP address');

export const passkeyConfigFields = {
  USER_PASSKEY_RP_ID: domain
    .optional()
    .describe(
      "The domain that customers' passkeys are made for (WebAuthn's RP ID). They work at it and below it. By default the host of USER_APP_URL. A passkey is lost when this changes.",
    ),
  PORTAL_PASSKEY_RP_ID: domain
    .optional()
    .describe("The domain that staff's passkeys are made for. By default the host of PORTAL_APP_URL."),
  USER_PASSKEY_ORIGINS: origins
    .optional()
    .describe(
      'The origins of pages and apps where customers use passkeys, separated by commas. By default that of USER_APP_URL.',
    ),
  PORTAL_PASSKEY_ORIGINS: origins
    .optional()
    .describe('The origins where staff use passkeys. By default that of PORTAL_APP_URL.'),
};

/** What passkeys of a platform are made for (WebAuthn Level 3, section 4: relying party). */
export type RelyingParty = { id: string; origins: readonly string[] };

type Prefix = 'USER' | 'PORTAL';
type PasskeyConfig = Partial<
  z.output<z.ZodObject<typeof passkeyConfigFields>> & Record<`${Prefix}_APP_URL`, string | undefined>
>;

/** Undefined where nothing says what passkeys are made for, or where that is an IP address: browsers make none there. */
export function readRelyingParty(config: PasskeyConfig, platform: Platform): RelyingParty | undefined {
  const prefix = platform === 'user' ? 'USER' : 'PORTAL';
  const appUrl = config[`${prefix}_APP_URL`];
  const list = config[`${prefix}_PASSKEY_ORIGINS`] ?? (appUrl === undefined ? [] : [new URL(appUrl).origin]);
  const [first] = list.filter((origin) => !isAppOrigin(origin));
  const id = config[`${prefix}_PASSKEY_RP_ID`] ?? (first === undefined ? undefined : new URL(first).hostname);
  return id === undefined || list.length === 0 || !isDomain(id) ? undefined : { id, origins: list };
}

/** What does not fit together: browsers would refuse each passkey there (WebAuthn Level 3, section 5.1.3). */
export function findPasskeyFaults(config: PasskeyConfig): { variable: string; fault: string }[] {
  return (['USER', 'PORTAL'] as const).flatMap((prefix) => {
    const isSet =
      config[`${prefix}_PASSKEY_RP_ID`] !== undefined || config[`${prefix}_PASSKEY_ORIGINS`] !== undefined;
    if (!isSet) return [];
    const party = readRelyingParty(config, prefix === 'USER' ? 'user' : 'portal');
    if (!party) {
      const variable = `${prefix}_PASSKEY_ORIGINS`;
      return [{ variable, fault: `names no origin with a domain (${prefix}_PASSKEY_RP_ID needs one)` }];
    }
    const foreign = party.origins.filter((origin) => !isAppOrigin(origin) && !isAtOrBelow(origin, party.id));
    return foreign.map((origin) => ({
      variable: `${prefix}_PASSKEY_RP_ID`,
      fault: `${party.id} is neither the host of ${origin} nor a domain above it`,
    }));
  });
}

function isAtOrBelow(origin: string, id: string): boolean {
  const { hostname } = new URL(origin);
  return hostname === id || hostname.endsWith(`.${id}`);
}

/** A native Android app. */
function isAppOrigin(origin: string): boolean {
  return /^android:apk-key-hash:[\w-]{43}$/.test(origin);
}

function isOrigin(text: string): boolean {
  if (isAppOrigin(text)) return true;
  if (!URL.canParse(text)) return false;
  const { origin, protocol, hostname } = new URL(text);
  // Browsers have WebAuthn in secure contexts only.
  return origin === text && (protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost'));
}

function isDomain(text: string): boolean {
  if (isIP(text) !== 0 || text.startsWith('[')) return false;
  return URL.canParse(`https://${text}`) && new URL(`https://${text}`).host === text;
}

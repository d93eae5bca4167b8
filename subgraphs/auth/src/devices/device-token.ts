import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { toSeconds } from '../dates.ts';

/** What a device token is bound to. */
export type DeviceOwner = { id: string; deviceVersion: number };

/**
 * Device tokens (OWASP calls them device cookies) of one platform. A token says that somebody signed in to this account on this
 * device before, and nothing else: it opens nothing, and no password is compared less because of it.
 */
export type DeviceTokens = {
  /** Seconds for which a device stays known after a sign-in. */
  lifetimeSeconds: number;
  /** Whether `text` may hold tokens at all. Anything else is not worth a query. */
  hasForm(text: string): boolean;
  /** The id of the device, if `text` has a live token of the owner. */
  findDevice(text: string, owner: DeviceOwner, now: Date): string | undefined;
  /**
   * `text` with a new token of the owner in place of an older one. A device that is known keeps its id, and so its counter. Tokens
   * of other accounts stay, up to `maxAccounts` in all. `isNew`: the device gets a new id in any case.
   */
  addToken(text: string | undefined, owner: DeviceOwner, now: Date, options?: { isNew?: boolean }): string;
};

/** Households share a device. What is beyond this number is forgotten, the oldest first. */
const maxAccounts = 5;
const maxTextLength = 600;
/** Clocks of two replicas differ. */
const maxAheadSeconds = 60;
const separator = '~';
/** Id of the device, version of the account's device tokens, second of issue, MAC. All of it may stand in a cookie. */
const form = /^([\w-]{22})\.([0-9a-z]{1,7})\.([0-9a-z]{1,9})\.([\w-]{43})$/;

type Parts = { text: string; device: string; version: number; issuedAt: number; mac: Buffer };

/** @param key of this platform alone, and the same in all its processes for as long as devices are to stay known. */
export function createDeviceTokens(key: Uint8Array, lifetimeSeconds: number): DeviceTokens {
  const sign = (ownerId: string, signed: string) =>
    createHmac('sha256', key).update(`${ownerId} ${signed}`).digest();
  const isOf = ({ id }: DeviceOwner, { text, mac }: Parts) =>
    timingSafeEqual(mac, sign(id, text.slice(0, text.lastIndexOf('.'))));
  const isLive = (owner: DeviceOwner, { version, issuedAt }: Parts, now: number) =>
    version === owner.deviceVersion && issuedAt <= now + maxAheadSeconds && issuedAt + lifetimeSeconds > now;
  const findDevice: DeviceTokens['findDevice'] = (text, owner, now) =>
    readParts(text).find((parts) => isOf(owner, parts) && isLive(owner, parts, toSeconds(now)))?.device;
  return {
    lifetimeSeconds,
    hasForm: (text) => readParts(text).length > 0,
    findDevice,
    addToken(text = '', owner, now, { isNew = false } = {}) {
      const known = isNew ? undefined : findDevice(text, owner, now);
      const device = known ?? randomBytes(16).toString('base64url');
      const signed = [device, owner.deviceVersion.toString(36), toSeconds(now).toString(36)].join('.');
      const others = readParts(text).filter((parts) => !isOf(owner, parts));
      return [
        `${signed}.${sign(owner.id, signed).toString('base64url')}`,
        ...others.map((other) => other.text),
      ]
        .slice(0, maxAccounts)
        .join(separator);
    },
  };
}

function readParts(text: string): Parts[] {
  if (text.length > maxTextLength) return [];
  return text.split(separator).flatMap((token) => {
    const [, device = '', version = '', issuedAt = '', mac = ''] = form.exec(token) ?? [];
    const bytes = Buffer.from(mac, 'base64url');
    return bytes.length === 32
      ? [
          {
            text: token,
            device,
            version: parseInt(version, 36),
            issuedAt: parseInt(issuedAt, 36),
            mac: bytes,
          },
        ]
      : [];
  });
}

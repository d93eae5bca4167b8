import { deviceCookieOf, type Platform, sessionByCookie } from '@signet/schema/contract';
import { badInput, readCookie } from '@signet/service';
import type { SubgraphHttpRequest } from '@signet/subgraph';
import type { SessionClient } from '../sessions/session.queries.ts';
import { cookieAttributes } from '../tokens/refresh-token-cookie.ts';

/** How the device tokens of one request travel: in a cookie where the client asks for cookies, else in the body. */
export type DeviceDelivery = {
  /** Who sent the request, in which tenant. */
  sender: { tenantId: string; client: SessionClient };
  /**
   * The text of the cookie, or of the input. It may be anything: only `DeviceTokens` knows.
   *
   * @throws {RefusalError} input.deviceToken when the input has one although the client asks for cookies.
   */
  read(platform: Platform, input: { deviceToken?: string | null }): string | undefined;
  /** Sets the cookie and returns null, or returns what the answer has. */
  deliver(platform: Platform, text: string, maxAgeSeconds: number): string | null;
};

export function createDeviceDelivery(
  sender: DeviceDelivery['sender'],
  { signetContext, cookie, setCookie }: Pick<SubgraphHttpRequest, 'signetContext' | 'cookie' | 'setCookie'>,
): DeviceDelivery {
  const isByCookie = signetContext.session === sessionByCookie;
  return {
    sender,
    read(platform, { deviceToken }) {
      if (!isByCookie) return deviceToken || undefined;
      if (deviceToken) {
        throw badInput('deviceToken', 'Where a cookie carries the device token, send it in the cookie only.');
      }
      return readCookie(cookie, deviceCookieOf(platform)) || undefined;
    },
    deliver(platform, text, maxAgeSeconds) {
      if (!isByCookie) return text;
      setCookie(`${deviceCookieOf(platform)}=${text}; Max-Age=${maxAgeSeconds}; ${cookieAttributes}`);
      return null;
    },
  };
}

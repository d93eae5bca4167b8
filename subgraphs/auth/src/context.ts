import { isIP } from 'node:net';
import type { SignetContext } from '@signet/service';
import type { RequestSession } from '@signet/session';
import type { SubgraphHttpRequest } from '@signet/subgraph';
import { createDeviceDelivery, type DeviceDelivery } from './devices/device-delivery.ts';
import type { SessionClient } from './sessions/session.queries.ts';
import { createSessionCookies, type SessionCookies } from './tokens/refresh-token-cookie.ts';

const maxDeviceLength = 400;

/** What resolvers know of a request. It reaches no issuer: those are part of the resolvers (`resolvers.ts`). */
export type GraphqlContext = RequestSession & {
  client: SessionClient;
  cookies: SessionCookies;
  devices: DeviceDelivery;
};

export function createContext(requestSession: RequestSession, request: SubgraphHttpRequest): GraphqlContext {
  const client = readSessionClient(request.signetContext);
  return {
    ...requestSession,
    client,
    cookies: createSessionCookies(request),
    devices: createDeviceDelivery({ tenantId: requestSession.tenantId, client }, request),
  };
}

/** What the gateway says about the client, as a session row keeps it. A text that is no address is left out. */
function readSessionClient({ device = '', clientAddress = '', requestId }: SignetContext): SessionClient {
  const [address = ''] = clientAddress.split('%', 1); // RFC 4007: a zone means nothing on another machine.
  return { device: device.slice(0, maxDeviceLength), address: isIP(address) ? address : null, requestId };
}

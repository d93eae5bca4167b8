import { isIP } from 'node:net';
import type { SignetContext } from '@signet/service';
import type { SessionClient } from './session.queries.ts';

const maxDeviceLength = 400;

/** What the gateway says of the client, as a session keeps it. An address that is none is left out. */
export function readSessionClient({
  device = '',
  clientAddress = '',
  requestId,
}: SignetContext): SessionClient {
  const [address = ''] = clientAddress.split('%', 1); // RFC 4007: a zone means nothing on another machine.
  return { device: device.slice(0, maxDeviceLength), address: isIP(address) ? address : null, requestId };
}

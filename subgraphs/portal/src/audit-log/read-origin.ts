import { isIP } from 'node:net';
import type { AuditOrigin } from '@signet/db';
import type { SignetContext } from '@signet/service';

/** What the gateway says of the client. An address that is none is left out. */
export function readOrigin({ clientAddress = '', requestId }: SignetContext): AuditOrigin {
  const [address = ''] = clientAddress.split('%', 1); // RFC 4007: a zone means nothing on another machine.
  return { address: isIP(address) ? address : null, requestId };
}

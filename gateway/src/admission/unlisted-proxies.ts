import { createSampler } from '@signet/flow';
import type { AskedRequest, Logger } from '@signet/service';
import type { FastifyInstance } from 'fastify';

export type UnlistedProxiesOptions = {
  entrance: string;
  isTrustedProxy(address: string | undefined): boolean;
  logger: Logger;
  everyMs?: number;
};

const defaultEveryMs = 600_000;
/** Anybody can send such a header, and so cause a line for an address of their own: no more lines than this in that time. */
const maxAddresses = 10;

/**
 * Tells the operator when requests come with forwarding headers from an address that TRUSTED_PROXIES does not list. If that is
 * the operator's proxy, all its clients count as one until it is listed.
 */
export function reportUnlistedProxies(server: FastifyInstance, options: UnlistedProxiesOptions): void {
  const { entrance, isTrustedProxy, logger, everyMs = defaultEveryMs } = options;
  const sampler = createSampler<string>(
    (address, count, isShared) =>
      logger.warn(
        { entrance, address: isShared ? 'several' : address, count },
        `Forwarded or X-Forwarded-For came from ${isShared ? 'several addresses' : address}, which TRUSTED_PROXIES does not list: it was ignored. ` +
          'If this is your proxy, add its address or network to TRUSTED_PROXIES; until then all its clients count as one.',
      ),
    { everyMs, maxKeys: maxAddresses },
  );
  server.addHook('onClose', async () => sampler.stop());
  server.addHook('onRequest', (request, _reply, done) => {
    if (isFromUnlistedProxy(request, isTrustedProxy)) {
      const { remoteAddress = 'unknown' } = request.raw.socket;
      sampler.add(remoteAddress, remoteAddress);
    }
    done();
  });
}

/** Whether a request carries forwarding headers, and does not come from a trusted proxy. */
export function isFromUnlistedProxy(
  { headers, raw }: AskedRequest,
  isTrustedProxy: UnlistedProxiesOptions['isTrustedProxy'],
): boolean {
  return (
    (headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined) &&
    !isTrustedProxy(raw.socket.remoteAddress)
  );
}

import { createSampler } from '@signet/flow';
import type { Logger } from './logger.ts';

/** The log of hosts for which a server does not answer. An operator who forgot one sees why clients get 421. */
export type RefusedHosts = {
  /** `host`: as the client wrote it. */
  add(host: string): void;
  /** Logs what has not been logged yet. */
  stop(): void;
};

/** A name in DNS has 253 characters at most, and a port follows. */
const maxLength = 260;
/** Anybody can invent hosts: no more lines than this in a minute, and one for all further hosts. */
const maxHosts = 20;

/** Logs one line a minute for each host, with the number of requests. What is no printable ASCII is escaped, and a long one cut. */
export function createRefusedHosts(logger: Pick<Logger, 'warn'>): RefusedHosts {
  const sampler = createSampler<string>(
    (host, requests, isShared) =>
      logger.warn(
        { host: isShared ? 'several' : host, requests },
        'requests were refused (421): ALLOWED_HOSTS does not list their Host. If clients may call this server by it, add it there',
      ),
    { maxKeys: maxHosts },
  );
  return {
    add(host) {
      const shown = encodeHost(host);
      sampler.add(`host ${shown}`, shown);
    },
    stop: () => sampler.stop(),
  };
}

function encodeHost(host: string): string {
  return host
    .slice(0, maxLength)
    .toLowerCase()
    .replace(/[^\x21-\x7e]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

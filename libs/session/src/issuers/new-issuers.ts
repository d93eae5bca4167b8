import { ConfigError } from '@signet/service';
import type { IssuerList, TrustedIssuer } from '../trusted-issuers.ts';

/** The keys of a new issuer cannot be had now. Another try may find them. */
export class UnreadKeysError extends ConfigError {}

/**
 * Fetches the keys of issuers that were not trusted until now, before anybody relies on them. An issuer whose keys come from the same place as
 * before is left alone, also while it is down: its keys stay in use.
 *
 * @param list the section that `issuers` were made of.
 * @throws {ConfigError} with file, line and field of each new issuer that has a key of the other platform: both would lose it.
 * @throws {UnreadKeysError} the same of each one whose keys can not be read, with the reason.
 */
export async function assertKeysOfNewIssuers(
  issuers: readonly TrustedIssuer[],
  previous: readonly TrustedIssuer[],
  { entries, placeOf = (path) => `issuers.${path.join('.')}` }: IssuerList,
): Promise<void> {
  const listed = issuers.filter(({ foreign }) => foreign !== undefined);
  const known = new Set(previous.map(({ keysFrom }) => keysFrom));
  const found = await Promise.all(
    listed.map(async ({ keys, keysFrom }, index) => {
      if (known.has(keysFrom)) return [];
      const place = placeOf([index, entries[index]?.jwks === undefined ? 'discovery' : 'jwks']);
      const reason = await keys.checkReady();
      const held = keys.held?.();
      if (held && [...held.keys.keys()].some((kid) => keys.peekKey(kid) === undefined)) {
        const fault = `${place}: has a key of the other platform; each platform has its own keys`;
        return [{ fault, isUnread: false }];
      }
      if (reason === undefined) return [];
      return [{ fault: `${place}: ${reason}: ${keys.failure?.() ?? 'no answer'}`, isUnread: true }];
    }),
  );
  const faults = found.flat();
  if (faults.length === 0) return;
  const isOutage = faults.every(({ isUnread }) => isUnread);
  throw new (isOutage ? UnreadKeysError : ConfigError)(faults.map(({ fault }) => fault));
}

import type { Platform } from '@signet/schema/contract';
import type { VerificationKey } from '../jwks.ts';
import type { KeyLookup, KeySource } from '../jwks-client.ts';

type HeldKeys = { platform: Platform; name: string; thumbprints: ReadonlySet<string> };

/** Which keys the issuers of both platforms have now, by RFC 7638 thumbprint: a `kid` is only a name, and another set may give a key another one. */
export type PlatformKeys = {
  /**
   * Notes the keys of a source, in place of those before. Call it before a key of them is used.
   *
   * @param source any object that stands for the source.
   * @param name how the log names it.
   */
  hold(source: object, holder: { platform: Platform; name: string }, keys: Iterable<VerificationKey>): void;
  /** Whether sources of both platforms have the key. Then who can sign on one platform could sign on the other. */
  isShared(key: VerificationKey): boolean;
};

/** `onShared` is called for each key that becomes shared, with the sources that have it. */
export function createPlatformKeys(
  onShared: (shared: { thumbprint: string; sources: readonly string[] }) => void,
): PlatformKeys {
  const held = new Map<object, HeldKeys>();
  let shared: ReadonlyMap<string, readonly string[]> = new Map();
  return {
    hold(source, { platform, name }, keys) {
      held.set(source, {
        platform,
        name,
        thumbprints: new Set([...keys].map(({ thumbprint }) => thumbprint)),
      });
      const before = shared;
      shared = findShared([...held.values()]);
      for (const [thumbprint, sources] of shared) {
        if (!before.has(thumbprint)) onShared({ thumbprint, sources });
      }
    },
    isShared: ({ thumbprint }) => shared.has(thumbprint),
  };
}

function findShared(held: readonly HeldKeys[]): ReadonlyMap<string, readonly string[]> {
  const users = held.filter(({ platform }) => platform === 'user');
  const portals = held.filter(({ platform }) => platform === 'portal');
  const thumbprints = portals.flatMap((portal) => [...portal.thumbprints]);
  return new Map(
    thumbprints
      .filter((thumbprint) => users.some((user) => user.thumbprints.has(thumbprint)))
      .map((thumbprint) => [
        thumbprint,
        held.filter((holder) => holder.thumbprints.has(thumbprint)).map(({ name }) => name),
      ]),
  );
}

/** A source without the keys that the other platform has too. Both lose such a key: nobody can say whose it is. */
export function withoutSharedKeys(source: KeySource, platformKeys: PlatformKeys): KeySource {
  const isUsable = (key: KeyLookup | undefined) => typeof key !== 'object' || !platformKeys.isShared(key);
  const readJwks = async () => {
    const jwks = await source.readJwks();
    return jwks && { keys: jwks.keys.filter(({ kid = '' }) => isUsable(source.peekKey(kid))) };
  };
  return {
    ...source,
    async findKey(kid) {
      const key = await source.findKey(kid);
      return isUsable(key) ? key : 'unknown';
    },
    peekKey(kid) {
      const key = source.peekKey(kid);
      return isUsable(key) ? key : undefined;
    },
    readJwks,
    async checkReady() {
      const reason = await source.checkReady();
      if (reason !== undefined) return reason;
      return (await readJwks())?.keys.length === 0
        ? 'every public key belongs to the other platform too'
        : undefined;
    },
  };
}

import type { Platform } from '@signet/schema/contract';
import type { VerificationKey } from '../jwks.ts';
import type { KeyLookup, KeySource } from '../jwks-client.ts';

/** `isOwn`: of the platform's own issuers, whose keys nobody else can sign with. */
type Holder = { platform: Platform; name: string; isOwn?: boolean };
type HeldKeys = Holder & { thumbprints: ReadonlySet<string> };

/** Which keys the issuers of both platforms have now, by RFC 7638 thumbprint: a `kid` is only a name, and another set may give a key another one. */
export type PlatformKeys = {
  /**
   * Notes the keys of a source, in place of those before. Call it before a key of them is used.
   *
   * @param source any object that stands for the source.
   * @param name how the log names it.
   */
  hold(source: object, holder: Holder, keys: Iterable<VerificationKey>): void;
  /**
   * Whether sources of both platforms have the key: then who can sign on one platform could sign on the other. For a source of our own,
   * only our own count. A public key is no secret: another issuer that publishes ours must not close our door.
   */
  isShared(key: VerificationKey, isOwn?: boolean): boolean;
};

/** `onShared` is called for each key that becomes shared, with the sources that have it. */
export function createPlatformKeys(
  onShared: (shared: { thumbprint: string; sources: readonly string[] }) => void,
): PlatformKeys {
  const held = new Map<object, HeldKeys>();
  let shared: ReadonlyMap<string, readonly string[]> = new Map();
  let sharedByOwn = shared;
  return {
    hold(source, holder, keys) {
      held.set(source, { ...holder, thumbprints: new Set([...keys].map(({ thumbprint }) => thumbprint)) });
      const before = shared;
      shared = findShared([...held.values()]);
      sharedByOwn = findShared([...held.values()].filter(({ isOwn }) => isOwn));
      for (const [thumbprint, sources] of shared) {
        if (!before.has(thumbprint)) onShared({ thumbprint, sources });
      }
    },
    isShared: ({ thumbprint }, isOwn = false) => (isOwn ? sharedByOwn : shared).has(thumbprint),
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

/**
 * A source without the keys that the other platform has too. Both lose such a key, since nobody can say whose it is; one of our own issuers
 * and another one: the other one only.
 */
export function withoutSharedKeys(source: KeySource, platformKeys: PlatformKeys, isOwn = false): KeySource {
  const isUsable = (key: KeyLookup | undefined) =>
    typeof key !== 'object' || !platformKeys.isShared(key, isOwn);
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

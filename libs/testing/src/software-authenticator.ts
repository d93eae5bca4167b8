import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

type Json = Readonly<Record<string, unknown>>;

/** What an authenticator and a browser do, to be changed one by one. */
export type AuthenticatorHabits = {
  /** Of the page. */
  origin: string;
  /** Whether it checks who uses it: by a PIN or the like. */
  verifiesUser: boolean;
  /** Whether the key can be on several devices. */
  isSynced: boolean;
  /** Whether it counts its uses. Synced ones do not. */
  counts: boolean;
  /** What it says of its make (WebAuthn Level 3, section 8). By default nothing. */
  attest(made: MadeCredential): Attestation;
};

/** What an attestation signs: the key pair, the authenticator data and the hash of the client data. */
export type MadeCredential = { id: Buffer; key: KeyObject; authData: Buffer; clientDataHash: Buffer };
export type Attestation = { fmt: string; attStmt: Map<string, Cbor> };

export type SoftwareCredential = {
  id: Buffer;
  rpId: string;
  userHandle: string;
  key: KeyObject;
  count: number;
};

/** An authenticator with its browser, in software: what `navigator.credentials` gives for options, as `toJSON()` writes it. */
export type SoftwareAuthenticator = {
  /** `navigator.credentials.create`: makes a passkey with ES256. */
  create(options: Json, changes?: Partial<AuthenticatorHabits>): Json;
  /** `navigator.credentials.get`: answers with the first passkey that the options allow, the newest for any. */
  get(options: Json, changes?: Partial<AuthenticatorHabits>): Json;
  credentials: SoftwareCredential[];
  /** A copy, that counts on from here apart. */
  copy(): SoftwareAuthenticator;
};

const flag = { userPresent: 1, userVerified: 4, backupEligible: 8, backedUp: 16, attested: 64 };

export function createSoftwareAuthenticator(
  habits: Pick<AuthenticatorHabits, 'origin'> & Partial<AuthenticatorHabits>,
  credentials: SoftwareCredential[] = [],
): SoftwareAuthenticator {
  const now = (changes: Partial<AuthenticatorHabits> = {}): AuthenticatorHabits => ({
    verifiesUser: true,
    isSynced: false,
    counts: true,
    attest: () => ({ fmt: 'none', attStmt: new Map() }),
    ...habits,
    ...changes,
  });
  return {
    credentials,
    create(options, changes) {
      const does = now(changes);
      const { rp, user } = options as { rp: { id: string }; user: { id: string } };
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const count = does.counts ? 1 : 0;
      const credential = { id: randomBytes(32), rpId: rp.id, userHandle: user.id, key: privateKey, count };
      credentials.unshift(credential);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(credential.id.length);
      const attested = [Buffer.alloc(16), length, credential.id, encodeCoseKey(publicKey)];
      const authData = Buffer.concat([authenticatorData(credential, does, flag.attested), ...attested]);
      const clientDataJSON = clientData('webauthn.create', options, does);
      const clientDataHash = sha256(Buffer.from(clientDataJSON, 'base64url'));
      const { fmt, attStmt } = does.attest({ ...credential, authData, clientDataHash });
      const attestation = new Map<string, Cbor>([
        ['fmt', fmt],
        ['attStmt', attStmt],
        ['authData', authData],
      ]);
      return describe(credential, {
        clientDataJSON,
        attestationObject: toText(encodeCbor(attestation)),
        transports: ['internal'],
      });
    },
    get(options, changes) {
      const does = now(changes);
      const allowed = (options.allowCredentials ?? []) as { id: string }[];
      const credential = credentials.find(
        ({ id, rpId }) =>
          rpId === options.rpId && (allowed.length === 0 || allowed.some((one) => one.id === toText(id))),
      );
      if (!credential) throw new Error('NotAllowedError: this authenticator has no such passkey.');
      if (does.counts) credential.count += 1;
      const data = authenticatorData(credential, does);
      const clientDataJSON = clientData('webauthn.get', options, does);
      const signed = Buffer.concat([data, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
      return describe(credential, {
        clientDataJSON,
        authenticatorData: toText(data),
        signature: toText(sign('sha256', signed, credential.key)),
        userHandle: credential.userHandle,
      });
    },
    copy: () =>
      createSoftwareAuthenticator(
        habits,
        credentials.map((credential) => ({ ...credential })),
      ),
  };
}

function describe({ id }: SoftwareCredential, response: Json): Json {
  const text = toText(id);
  return {
    id: text,
    rawId: text,
    type: 'public-key',
    authenticatorAttachment: 'platform',
    clientExtensionResults: {},
    response,
  };
}

function clientData(type: string, { challenge }: Json, { origin }: AuthenticatorHabits): string {
  return toText(Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false })));
}

/** WebAuthn Level 3, section 6.1. */
function authenticatorData(
  { rpId, count }: SoftwareCredential,
  { verifiesUser, isSynced }: AuthenticatorHabits,
  more = 0,
): Buffer {
  const head = Buffer.alloc(5);
  head[0] =
    flag.userPresent |
    (verifiesUser ? flag.userVerified : 0) |
    (isSynced ? flag.backupEligible | flag.backedUp : 0) |
    more;
  head.writeUInt32BE(count, 1);
  return Buffer.concat([sha256(Buffer.from(rpId)), head]);
}

/** RFC 9053, section 7.1.1: an elliptic curve key for ES256. */
function encodeCoseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const coordinates = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')] as const;
  return encodeCbor(
    new Map<number, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, coordinates[0]],
      [-3, coordinates[1]],
    ]),
  );
}

type Cbor = number | string | Buffer | Cbor[] | Map<number | string, Cbor>;

/** RFC 8949, as far as a credential needs it: integers, texts, bytes, lists, maps; each shorter than 64 KiB. */
function encodeCbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value);
  if (typeof value === 'string')
    return Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([cborHead(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([cborHead(4, value.length), ...value.map(encodeCbor)]);
  const entries = [...value].flatMap(([key, inner]) => [encodeCbor(key), encodeCbor(inner)]);
  return Buffer.concat([cborHead(5, value.size), ...entries]);
}

function cborHead(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  if (length < 256) return Buffer.from([(major << 5) | 24, length]);
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255]);
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function toText(bytes: Buffer): string {
  return bytes.toString('base64url');
}

/** Subgraphs only verify, entrances of the gateway only sign. */
export const proofRoles = ['gateway', 'subgraph'] as const;
export type ProofRole = (typeof proofRoles)[number];

export const proofEntrances = ['graph', 'user', 'portal'] as const;
export type ProofEntrance = (typeof proofEntrances)[number];

/** A message to sign. Header values are as on the wire; undefined means that the message does not have the header. */
export type ProofMessage = {
  method: string;
  /** Without the query string. */
  path: string;
  /** `''` or `'?a=b'`, as sent. */
  query: string;
  headers: {
    'content-type'?: string | undefined;
    'signet-context'?: string | undefined;
    authorization?: string | undefined;
    cookie?: string | undefined;
  };
  body: Uint8Array | string;
};

/** The headers that a signature adds. */
export type ProofHeaders = { 'content-digest': string; 'signature-input': string; signature: string };

export type SignedMessage = Omit<ProofMessage, 'headers'> & {
  headers: ProofMessage['headers'] & { [name in keyof ProofHeaders]?: string | undefined };
};

export type ProofSigner = {
  /**
   * Signs for one recipient, a subgraph in peers.json. Each call uses a new nonce and time: sign each attempt again.
   *
   * @throws {TypeError} if peers.json does not list the recipient, or the message can't be signed.
   */
  sign(recipient: string, message: ProofMessage): ProofHeaders;
  /** Whether peers.json lists this subgraph, as it was last read. */
  canSignFor(recipient: string): boolean;
};

export type ProofSender = { name: string; role: 'gateway'; entrance: ProofEntrance };

export type VerifiedProof = {
  sender: ProofSender;
  /** 22 characters of base64url: 128 random bits. */
  nonce: string;
  /** Seconds since the epoch, by the sender's clock. */
  created: number;
  /** From this time the message is refused for its age: a nonce that is kept until then can't be used twice. */
  expiresAt: Date;
};

export type ProofVerifier = {
  /** @throws {RefusalError} auth.failure.proof_missing or auth.failure.proof_invalid; its `cause` is for the log. */
  verify(message: SignedMessage): VerifiedProof;
};

/** A service with its own keys and the public keys of the others. */
export type ProofIdentity = {
  name: string;
  signer: ProofSigner;
  verifier: ProofVerifier;
  /** What is wrong with the files as they are now, or undefined. The keys that were read before stay in use. */
  findLack(): string | undefined;
  /** Stops reading the files. */
  stop(): void;
};

/** Subgraphs only verify, entrances of the gateway only sign. */
export const proofRoles = ['gateway', 'subgraph'] as const;
export type ProofRole = (typeof proofRoles)[number];

export const proofEntrances = ['graph', 'user', 'portal'] as const;
export type ProofEntrance = (typeof proofEntrances)[number];

/** What is signed. Header values as they are on the wire; one that is absent or undefined is not there. */
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
   * Signs for one recipient (`orders`), with a new nonce and time at each call: sign anew for each attempt. Throws a
   * TypeError where the recipient is no subgraph in peers.json, or the message can't be signed.
   */
  sign(recipient: string, message: ProofMessage): ProofHeaders;
};

export type ProofSender = { name: string; role: 'gateway'; entrance: ProofEntrance };

export type VerifiedProof = {
  sender: ProofSender;
  /** 22 characters of base64url: 128 random bits. */
  nonce: string;
  /** Seconds since the epoch, by the sender's clock. */
  created: number;
  /** From here on the message is refused for its age: a nonce kept until then can't be used twice. */
  expiresAt: Date;
};

export type ProofVerifier = {
  /** Throws a RefusalError `auth.failure.proof_missing` or `auth.failure.proof_invalid`; its `cause` says why, for the log. */
  verify(message: SignedMessage): VerifiedProof;
};

/** A service's own keys and what it knows of the others. */
export type ProofIdentity = {
  name: string;
  signer: ProofSigner;
  verifier: ProofVerifier;
  /** Ends the rereading of files. */
  stop(): void;
};

import { randomBytes } from 'node:crypto';
import type { Keyring } from './keyring.ts';
import type { ProofSigner } from './proof.ts';
import {
  buildSignatureBase,
  computeMac,
  digestContent,
  formatComponents,
  formatParameters,
  formatSignature,
  listComponents,
  signatureLabel,
} from './signature-form.ts';

type SignerOptions = {
  /** Called at each signature: keys change while the process runs. */
  keyring: () => Keyring;
  /** Milliseconds since the epoch. */
  now: () => number;
  createNonce?: () => string;
};

const nonceBytes = 16;

export function createSigner({
  keyring,
  now,
  createNonce = () => randomBytes(nonceBytes).toString('base64url'),
}: SignerOptions): ProofSigner {
  return {
    sign(recipient, { body, headers, ...target }) {
      const pair = keyring().outgoing.get(recipient);
      if (!pair) {
        throw new TypeError(
          `peers.json (PROOF_PEERS_FILE) lists no subgraph '${recipient}', so there is no key to sign for it. npm start adds it; elsewhere run npm run keys -- proof add ${recipient}.`,
        );
      }
      const digest = digestContent(body);
      const components = listComponents({
        ...target,
        body,
        headers: { ...headers, 'content-digest': digest },
      });
      const created = Math.floor(now() / 1000);
      const params =
        formatComponents(components) + formatParameters({ created, nonce: createNonce(), keyId: pair.keyId });
      const mac = computeMac(pair.macKey, buildSignatureBase(components, params));
      return {
        'content-digest': digest,
        'signature-input': `${signatureLabel}=${params}`,
        signature: formatSignature(mac),
      };
    },
  };
}

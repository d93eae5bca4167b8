import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type Finding, note, ok, wrong } from './finding.ts';

const answerMs = 3000;
const dayMs = 86_400_000;
/** Certificates of three months are renewed after two. Whoever has these few days left has a renewal that failed. */
const soonDays = 14;

export type CertificateOptions = {
  /** Authorities to trust in place of Node's: PEM. */
  ca?: string;
  /** Where to connect to, in place of the address of the name. */
  address?: string;
  now?: () => number;
};

/**
 * Whether clients accept the certificate under which they reach the issuers. No process here speaks TLS, and a proxy goes on serving
 * an expired certificate without a word: its clients alone would notice.
 */
export async function checkCertificate(
  issuerUrl: string,
  options: CertificateOptions = {},
): Promise<Finding[]> {
  const { protocol, hostname, port, host } = new URL(issuerUrl);
  if (protocol !== 'https:') return [];
  const subject = `certificate of ${host}`;
  const name = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    host: options.address ?? name,
    port: Number(port || 443),
    ...(isIP(name) === 0 && { servername: name }),
    ...(options.ca !== undefined && { ca: options.ca }),
    // What is wrong with it is asked afterwards. Nothing is sent.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(answerMs) });
    return [describe(subject, socket, options.now?.() ?? Date.now())];
  } catch (error) {
    const reason =
      (error as Error).name === 'AbortError'
        ? `no answer within ${answerMs / 1000} s`
        : (error as Error).message;
    return [note(subject, `could not be looked at from here (${reason})`)];
  } finally {
    socket.destroy();
  }
}

function describe(subject: string, socket: TLSSocket, now: number): Finding {
  const { valid_to: validTo } = socket.getPeerCertificate();
  const days = (Date.parse(validTo) - now) / dayMs;
  const renew = 'Renew it and reload the proxy (deploy/tls/README.md).';
  if (days <= 0) return wrong(subject, `expired on ${validTo}: clients refuse it`, renew);
  if (!socket.authorized) {
    const text = `clients refuse it: ${socket.authorizationError}`;
    return wrong(
      subject,
      text,
      'Give the proxy the whole chain, for this name, from an authority that clients trust.',
    );
  }
  if (days < soonDays) return wrong(subject, `expires on ${validTo}, in ${Math.floor(days)} days`, renew);
  return ok(subject, `good until ${validTo}`);
}

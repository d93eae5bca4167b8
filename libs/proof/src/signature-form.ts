import { hash } from 'node:crypto';
import type { ProofMessage } from './proof.ts';

export const signatureLabel = 'signet';
const signatureTag = 'signet-proof/1';
/** The oldest message that is accepted, and how far the clocks of sender and recipient may differ. */
export const maxAgeSeconds = 30;

/** The headers that every message must have; below, those that are signed if a message has them. */
const requiredHeaders = ['content-type', 'content-digest', 'signet-context'] as const;
const optionalHeaders = ['authorization', 'cookie'] as const;

type CoveredMessage = ProofMessage & { headers: { 'content-digest'?: string | undefined } };

/**
 * The components that a signature of this message covers, in their fixed order.
 *
 * @throws {TypeError} if a header is missing or the target is not a path and a query.
 */
export function listComponents({ method, path, query, headers }: CoveredMessage): Component[] {
  if (!/^[A-Z]+$/.test(method)) {
    throw new TypeError('the method is not in capital letters');
  }
  if (!/^\/[!-~]*$/.test(path) || /[?#]/.test(path)) {
    throw new TypeError('the path does not begin with a slash, or holds what a path may not hold');
  }
  if (!/^(\?[!-~]*)?$/.test(query) || query.includes('#')) {
    throw new TypeError('the query does not begin with a question mark, or holds what a query may not hold');
  }
  const components: Component[] = [
    ['@method', method],
    ['@path', path],
    // Section 2.2.7: a lone question mark where there is no query.
    ['@query', query || '?'],
  ];
  for (const name of requiredHeaders) {
    const value = headers[name];
    if (value === undefined) {
      throw new TypeError(`${name} is missing`);
    }
    components.push([name, value]);
  }
  for (const name of optionalHeaders) {
    const value = headers[name];
    if (value !== undefined) {
      components.push([name, value]);
    }
  }
  return components;
}

/** RFC 9530, section 2, with SHA-256. */
export function digestContent(body: Uint8Array | string): string {
  return `sha-256=:${hash('sha256', body, 'base64')}:`;
}

export type SignatureParameters = { created: number; nonce: string; keyId: string };

/** The parameters in their fixed order, as they follow the components in Signature-Input. */
export function formatParameters({ created, nonce, keyId }: SignatureParameters): string {
  return `;created=${created};nonce="${nonce}";keyid="${keyId}";alg="hmac-sha256";tag="${signatureTag}"`;
}

const parameterForm =
  /^;created=(\d{10});nonce="([\w-]{22})";keyid="([\w-]{43}\.[\w-]{43})";alg="hmac-sha256";tag="signet-proof\/1"$/;

/** Reads the text of formatParameters. Undefined for any other text, also for one with the same meaning. */
export function parseParameters(text: string): SignatureParameters | undefined {
  const [, created, nonce, keyId] = parameterForm.exec(text) ?? [];
  return created && nonce && keyId ? { created: Number(created), nonce, keyId } : undefined;
}

/** `mac` is in base64. */
export function formatSignature(mac: string): string {
  return `${signatureLabel}=:${mac}:`;
}

/** 32 bytes in base64 with its padding. */
const signatureForm = /^signet=:([A-Za-z0-9+/]{43}=):$/;

export function parseSignature(header: string): Buffer | undefined {
  const [, text] = signatureForm.exec(header) ?? [];
  const mac = text ? Buffer.from(text, 'base64') : undefined;
  // The last letter carries two bits that are not part of the 32 bytes: only one of four spellings is accepted.
  return mac && formatSignature(mac.toString('base64')) === header ? mac : undefined;
}

/** A covered component: its identifier (RFC 9421, section 2) without quotes, and its value. */
export type Component = readonly [identifier: string, value: string];

/** The characters of a header. A line break would begin a new line of the signature base. */
const fieldText = /^[\t\x20-\x7e\x80-\xff]*$/;

/** `("@method" "@path")`. */
export function formatComponents(components: readonly Component[]): string {
  return `(${components.map(([identifier]) => `"${identifier}"`).join(' ')})`;
}

/**
 * The signature base of RFC 9421, section 2.5. `params` is the text behind `label=` in Signature-Input.
 *
 * @throws {TypeError} if a value holds a character that no header may hold.
 */
export function buildSignatureBase(components: readonly Component[], params: string): string {
  let base = '';
  for (const [identifier, value] of components) base += formatLine(identifier, value);
  return base + formatLastLine(params);
}

/**
 * The line of one component in the signature base.
 *
 * @throws {TypeError} if the value holds a character that no header may hold.
 */
export function formatLine(identifier: string, value: string): string {
  if (!fieldText.test(value)) {
    throw new TypeError(`${identifier} holds a character that no header may hold`);
  }
  // Section 2.1: whitespace around a value is not part of it.
  return `"${identifier}": ${trimField(value)}\n`;
}

export function formatLastLine(params: string): string {
  return `"@signature-params": ${params}`;
}

/** Most values have no whitespace at their ends, and a search for it would read the whole value. */
function trimField(value: string): string {
  const [first, last] = [value[0], value[value.length - 1]];
  return isBlank(first) || isBlank(last) ? value.replace(/^[ \t]+|[ \t]+$/g, '') : value;
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

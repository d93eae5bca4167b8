import { createHmac, type KeyObject } from 'node:crypto';

/** A covered component: its identifier (RFC 9421, section 2) without quotes, and its value. */
export type Component = readonly [identifier: string, value: string];

/** What a header can hold: no line break, which would begin a line of the signature base, and no other control character. */
const fieldText = /^[\t\x20-\x7e\x80-\xff]*$/;

/** `("@method" "@path")`. */
export function formatComponents(components: readonly Component[]): string {
  return `(${components.map(([identifier]) => `"${identifier}"`).join(' ')})`;
}

/**
 * The signature base of RFC 9421, section 2.5. `params` is the text behind `label=` in Signature-Input. Throws a TypeError
 * where a value can't stand in a header.
 */
export function buildSignatureBase(components: readonly Component[], params: string): string {
  let base = '';
  for (const [identifier, value] of components) {
    if (!fieldText.test(value)) {
      throw new TypeError(`${identifier} holds a character that no header may hold`);
    }
    // Section 2.1: whitespace around a value is not part of it.
    base += `"${identifier}": ${value.replace(/^[ \t]+|[ \t]+$/g, '')}\n`;
  }
  return `${base}"@signature-params": ${params}`;
}

/** hmac-sha256 (RFC 9421, section 3.3.3). Latin-1, as Node reads and writes headers: the bytes are those on the wire. */
export function computeMac(key: KeyObject, base: string): Buffer {
  return createHmac('sha256', key).update(base, 'latin1').digest();
}

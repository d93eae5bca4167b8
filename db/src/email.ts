import { domainToASCII, domainToUnicode } from 'node:url';

const maxLength = 254; // RFC 5321, section 4.5.3.1.3, without the angle brackets
/** One @, text before it, and a name of letters, digits, hyphens and dots after it. Mail shows whether it leads anywhere. */
const form = /^([^\s@\p{C}]{1,64})@([\p{L}\p{N}](?:[\p{L}\p{N}\p{M}.-]*[\p{L}\p{N}\p{M}])?)$/u;
/** Invisible characters beside those of \p{C}: an address with one looks like another address. */
const invisible = /\p{Default_Ignorable_Code_Point}/u;
/** RFC 1034, section 3.5, in lower case. */
const asciiDomain = /^(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/;
const encodedLabel = /(?:^|\.)xn--/;
/** The Braille pattern without dots is blank in print. Only new addresses are refused for it: an account that has one keeps it. */
const blank = /\u2800/;
const isInternational = /[^\p{ASCII}]|(?:^|\.)xn--/u;

type Address = { local: string; domain: string };

/**
 * The one spelling under which an e-mail address is stored and looked up: NFKC, lower case, and the domain in ASCII (UTS 46), so that
 * `bücher.example` and `xn--bcher-kva.example` are one. Browsers send the second of what people type as the first. Undefined for a text
 * that is no address.
 */
export function normalizeEmail(input: string): string | undefined {
  const email = toAsciiEmail(readAddress(input));
  return email === undefined || blank.test(email) ? undefined : email;
}

/**
 * Every spelling under which an account may be stored, the typed one first. Two accounts whose addresses became one when domains
 * became ASCII are both kept, the one that is not in ASCII as it was written: each is found by the spelling that it was made with.
 */
export function listEmailSpellings(input: string): string[] {
  const address = readAddress(input);
  const spellings = [address && `${address.local}@${address.domain}`, toAsciiEmail(address)];
  return [...new Set(spellings.filter((email) => email !== undefined))];
}

/**
 * As DNS and mail servers have it: UTS 46, not transitional. Undefined for a text that is no domain. Node takes encoded labels as they
 * are: one that says nothing, or not what its letters would be encoded as, is found out by the way back.
 */
export function toAsciiDomain(domain: string): string | undefined {
  if (!isInternational.test(domain)) return domain;
  const ascii = domainToASCII(domain);
  const letters = domainToUnicode(ascii);
  return asciiDomain.test(ascii) && !encodedLabel.test(letters) && domainToASCII(letters) === ascii
    ? ascii
    : undefined;
}

function toAsciiEmail(address: Address | undefined): string | undefined {
  const domain = address && toAsciiDomain(address.domain);
  if (domain === undefined) return undefined;
  const email = `${address?.local}@${domain}`;
  return email.length <= maxLength ? email : undefined;
}

/** Normalised again after lowering, since lower case can leave NFKC. */
function readAddress(input: string): Address | undefined {
  // NFKC can make a text 18 times as long: check the length first.
  if (input.length > 4 * maxLength) return undefined;
  const email = input.trim().normalize('NFKC').toLowerCase().normalize('NFKC');
  if (email.length > maxLength || invisible.test(email)) return undefined;
  const [, local, domain] = form.exec(email) ?? [];
  return local !== undefined && domain !== undefined ? { local, domain } : undefined;
}

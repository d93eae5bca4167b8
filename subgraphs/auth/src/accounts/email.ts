const maxLength = 254; // RFC 5321, section 4.5.3.1.3, without the angle brackets
/** One @, something before it, a name of letters, digits, hyphens and dots after it. What it leads to, mail will tell. */
const form = /^[^\s@\p{C}]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}.-]*[\p{L}\p{N}\p{M}])?$/u;
/** Characters that nobody sees, beside those of \p{C}: an address with one looks like another's. */
const invisible = /\p{Default_Ignorable_Code_Point}/u;

/**
 * The one spelling under which an e-mail address is stored and looked up: NFKC, lower case. Undefined for what is no address.
 * Normalised again after lowering, since lower case can leave NFKC.
 */
export function normalizeEmail(input: string): string | undefined {
  // NFKC can make a text 18 times as long: judge the length first.
  if (input.length > 4 * maxLength) {
    return undefined;
  }
  const email = input.trim().normalize('NFKC').toLowerCase().normalize('NFKC');
  return email.length <= maxLength && form.test(email) && !invisible.test(email) ? email : undefined;
}

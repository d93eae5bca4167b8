/**
 * How a person proved who they are (`amr`, RFC 8176). `rba`: no second factor was asked for, since the device is one on which the
 * person proved it before and asked to be remembered. `mfa` goes with those that it consists of. `fed`, which RFC 8176 does not have:
 * an identity provider did, in place of a password.
 */
export const authenticationMethods = ['pwd', 'fed', 'otp', 'hwk', 'swk', 'user', 'mfa', 'rba'] as const;
export type AuthenticationMethod = (typeof authenticationMethods)[number];

/** How sure that is (`acr`), in the words of NIST SP 800-63B: `aal2` with two factors, else `aal1`. */
export type AssuranceLevel = 'aal1' | 'aal2';

export function assuranceOf(amr: readonly string[]): AssuranceLevel {
  return amr.includes('mfa') ? 'aal2' : 'aal1';
}

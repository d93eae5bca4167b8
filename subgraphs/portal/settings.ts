import { configFields } from '@signet/service';
import type { z } from 'zod';

/** The settings of this subgraph. */
export const settings = {
  USER_APP_URL: configFields.httpUrl
    .refine(isSafe, 'must be https, or http on loopback, without query or fragment')
    .optional()
    .describe(
      "The customers' frontend, to which links in mails lead (auth), and to which a member of staff is sent who acts as a customer (portal). https, except on loopback.",
    ),
};

export type PortalSettings = { [Name in keyof typeof settings]?: z.output<(typeof settings)[Name]> };

/** A grant goes there. */
function isSafe(text: string): boolean {
  const url = URL.parse(text);
  // Said by the field itself already.
  if (!url) return true;
  const { protocol, hostname, search, hash, username } = url;
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return (protocol === 'https:' || isLoopback) && search === '' && hash === '' && username === '';
}

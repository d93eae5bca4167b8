import { configFields, hasProductionSurface, type SurfaceConfig } from '@signet/service';
import { z } from 'zod';
import type { ConfigFault, Prefix } from '../platform-settings.ts';

/** Keeps what would be sent, to be shown in development. */
export const mailboxUrl = 'mailbox:';

const mailUrl = z
  .string()
  .refine(
    (text) => text === mailboxUrl || parseMailServer(text) !== undefined,
    `must be smtp://… or smtps://… with a host and no path, or ${mailboxUrl} in development`,
  )
  .meta({ isSecret: true });

export const mailConfigFields = {
  MAIL_URL: mailUrl
    .optional()
    .describe(
      'The server that takes mails: `smtps://user:password@host:465`, or `smtp://…` with STARTTLS. `mailbox:` sends nothing and shows at `/mailbox` of the entrance `graph` what would have been sent. Without it nobody gets mail: no verification, no reset of a password, no invitation.',
    ),
  MAIL_FROM: z
    .string()
    .refine(
      (text) => parseMailFrom(text) !== undefined,
      'must be one address, or a name and an address: Name <address@example.com>',
    )
    .optional()
    .describe('The sender of mails: `Name <address@example.com>`.'),
  MAIL_POOL_SIZE: configFields
    .wholeNumber('must be a number of connections, 1 to 100', { min: 1, max: 100 })
    .default(10)
    .describe('Connections to the mail server that a process holds at most, for each platform.'),
  MAIL_TEMPLATES: z
    .string()
    .optional()
    .describe(
      "A folder with a tenant's own texts of mails, below the tenant's slug: `acme/en/verify-email.txt` (docs/accounts.md).",
    ),
  USER_APP_URL: configFields.httpUrl
    .optional()
    .describe("Where links in mails to customers lead: the customers' frontend. https, except on loopback."),
  PORTAL_APP_URL: configFields.httpUrl
    .optional()
    .describe(
      "Where links in mails to staff lead: the staff's frontend, or the console (`https://staff.shop.example/console`), to which they lead with `npm start`.",
    ),
};

type MailConfig = z.output<z.ZodObject<typeof mailConfigFields>> & SurfaceConfig;

/** What mail needs beside its server, for each platform that the process holds. */
export function findMailFaults(config: MailConfig, held: readonly Prefix[]): ConfigFault[] {
  if (config.MAIL_URL === undefined) return [];
  const needed = 'is not set (MAIL_URL needs it)';
  const faults: ConfigFault[] = [];
  if (config.MAIL_URL === mailboxUrl && hasProductionSurface(config)) {
    const fault =
      'must be smtp://… or smtps://…, or absent: mailbox: shows all mails to everybody (NODE_ENV=production, or SURFACE=production)';
    faults.push({ variable: 'MAIL_URL', fault });
  }
  if (config.MAIL_FROM === undefined) faults.push({ variable: 'MAIL_FROM', fault: needed });
  for (const prefix of held) {
    const url = config[`${prefix}_APP_URL`];
    if (url === undefined) faults.push({ variable: `${prefix}_APP_URL`, fault: needed });
    else if (!isSafeAppUrl(url)) {
      faults.push({
        variable: `${prefix}_APP_URL`,
        fault: 'must be https, or http on loopback, without query or fragment',
      });
    }
  }
  return faults;
}

/** Mails carry tokens there. */
function isSafeAppUrl(text: string): boolean {
  const { protocol, hostname, search, hash, username } = new URL(text);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return (protocol === 'https:' || isLoopback) && search === '' && hash === '' && username === '';
}

/** A server that takes mails, and how to reach it. */
export type MailServer = {
  host: string;
  port: number;
  /** `implicit` from the start (RFC 8314), `required` by STARTTLS, `off` on loopback. */
  tls: 'implicit' | 'required' | 'off';
  auth: { user: string; pass: string } | undefined;
};

const defaultPorts = { 'smtp:': 587, 'smtps:': 465 } as const;
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** @returns undefined for a text that is no URL of a mail server. */
export function parseMailServer(text: string): MailServer | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 'smtp:' && url?.protocol !== 'smtps:') return undefined;
  if (url.hostname === '' || !['', '/'].includes(url.pathname) || url.search || url.hash) return undefined;
  try {
    const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    const plain = loopback.test(url.hostname) ? 'off' : 'required';
    return {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || defaultPorts[url.protocol],
      tls: url.protocol === 'smtps:' ? 'implicit' : plain,
      auth: user === '' ? undefined : { user, pass },
    };
  } catch {
    return undefined; // A percent sign that encodes nothing.
  }
}

/** The sender of mails. @returns undefined for a text that is not one address, with a name or without. */
export function parseMailFrom(text: string): { name: string; address: string } | undefined {
  if (/[\p{Cc}]/u.test(text)) return undefined;
  const [, name = '', inBrackets, alone] =
    /^(?:([^<>]*)<([^<>\s,;]+)>|([^<>\s,;]+))$/.exec(text.trim()) ?? [];
  const address = inBrackets ?? alone ?? '';
  return /^[^@"]+@[^@"]+$/.test(address)
    ? { name: name.trim().replace(/^"(.*)"$/, '$1'), address }
    : undefined;
}

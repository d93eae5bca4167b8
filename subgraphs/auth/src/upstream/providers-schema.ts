import { platforms, staffRoles } from '@signet/schema/contract';
import { isNetwork, parseClaimPath } from '@signet/session';
import { z } from 'zod';

/** What a provider is called in URLs. */
const nameForm = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const slugForm = /^[a-z0-9][a-z0-9-]{0,62}$/;
const domainForm = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/;
/** RFC 6749, section 3.3. */
const scopeForm = /^[\x21\x23-\x5B\x5D-\x7E]{1,200}$/;

/** Signatures with a public key. A MAC would be made with the client's secret, and `none` is no signature. */
export const idTokenAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
const assertionAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

const textFault = 'must be a text of 1 to 500 characters';
const text = z.string(textFault).min(1, textFault).max(500, textFault);
const flag = z.boolean('must be true or false');
const values = z.array(text, 'must be a list of texts').max(50, 'must have at most 50 texts');
const place = text.refine(
  (path) => parseClaimPath(path) !== undefined,
  'must be the place of a claim, such as groups, realm_access.roles, https://example.com/roles or groups["a.b"]',
);
const placeFault =
  'must be an origin or a URL without query, such as https://shop.example.com/signed-in: https, or http on loopback';
const returnPlace = z.string(placeFault).refine(isReturnPlace, placeFault);
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an https URL' }).max(500, textFault);

const roles = z.strictObject(
  {
    claim: place.describe('Where the groups stand in the ID token: one text, or a list of them.'),
    map: z
      .record(text, z.enum(staffRoles, `must be one of ${staffRoles.join(', ')}`))
      .refine((map) => Object.keys(map).length > 0, 'must name a group')
      // JavaScript puts names of digits before all others: the first in the file would not be the first that counts.
      .refine(
        (map) => Object.keys(map).every((name) => !/^\d+$/.test(name)),
        'must name no group by digits alone',
      )
      .describe(
        'The role of each group. Of several that a person has, the first in this list counts. Somebody in none of them does not come in.',
      ),
  },
  'must have `claim` and `map`',
);

const secondFactor = z.strictObject(
  {
    acr: values.default([]).describe('Values of `acr`, each of which says so.'),
    amr: values.default([]).describe('Values of `amr` (RFC 8176), each of which says so.'),
  },
  'must have `acr` or `amr`, each a list',
);

/** An entry of the section `providers`. */
export const providerSchema = z.strictObject({
  name: z
    .string('must be a name')
    .regex(nameForm, 'must be lowercase letters, digits and hyphens, 1 to 40, and no hyphen at an end')
    .describe('What it is called in URLs: `/oauth/<platform>/<name>/start`.'),
  platform: z.enum(platforms, 'must be user or portal').describe('Whose people sign in there.'),
  tenant: z.string('must be the slug of a tenant').regex(slugForm, 'must be the slug of a tenant'),
  issuer: httpUrl.describe(
    'The issuer of its ID tokens, letter by letter. Its metadata are below it (OpenID Connect Discovery 1.0).',
  ),
  clientId: text.describe('What we are called there.'),
  privateKeyFile: text
    .optional()
    .describe('A private key in PEM (PKCS 8) that proves who we are (`private_key_jwt`, RFC 7523).'),
  keyId: text.optional().describe('`kid` of that key at the provider. By default its thumbprint (RFC 7638).'),
  keyAlgorithm: z
    .enum(assertionAlgorithms, `must be one of ${assertionAlgorithms.join(', ')}`)
    .default('RS256')
    .describe('What that key signs with.'),
  clientSecretFile: text
    .optional()
    .describe('In place of the key: a file with the secret that the provider gave.'),
  clientSecretMethod: z
    .enum(['basic', 'post'], 'must be basic or post')
    .default('basic')
    .describe('How the secret is sent: `client_secret_basic` or `client_secret_post`.'),
  algorithm: z
    .enum(idTokenAlgorithms, `must be one of ${idTokenAlgorithms.join(', ')}`)
    .default('RS256')
    .describe(
      'What ID tokens and logout tokens are signed with (`id_token_signed_response_alg`). No other is taken.',
    ),
  scopes: z
    .array(z.string('must be a scope').regex(scopeForm, 'must be a scope without spaces'))
    .refine((list) => list.includes('openid'), 'must include openid')
    .default(['openid', 'email', 'profile'])
    .describe('What is asked for.'),
  userinfo: flag
    .default(false)
    .describe('Whether claims that the ID token lacks are asked for at the UserInfo endpoint.'),
  domains: z
    .union(
      [
        z.literal('any'),
        z.array(z.string().regex(domainForm, 'must be a domain in lower case, such as example.com')).min(1),
      ],
      'must be a list of domains, or any',
    )
    .optional()
    .describe(
      'The domains whose addresses the provider may vouch for, or `any`. Only an address there links or makes an account. Without it accounts are linked by their owners alone.',
    ),
  create: flag.default(false).describe('Whether somebody who has no account gets one at the first sign-in.'),
  roles: roles
    .optional()
    .describe('The roles of staff, read anew at each sign-in. Without it a role is what it is here.'),
  secondFactor: secondFactor
    .optional()
    .describe('What says that the provider asked for a second factor. Without it nothing does.'),
  stepUp: flag
    .default(false)
    .describe(
      'Whether its `auth_time` counts as the time of the sign-in here, and so for what needs a recent one.',
    ),
  networks: z
    .array(
      z
        .string('must be a network')
        .refine(isNetwork, 'must be a network in CIDR notation, such as 10.1.0.0/16'),
      'must be a list of networks',
    )
    .default([])
    .describe('Networks that are not public in which the provider may be.'),
  callbackUrl: httpUrl
    .optional()
    .describe(
      'The redirect URI that is registered at the provider. By default `<ISSUER_URL>/oauth/<platform>/<name>/callback`.',
    ),
  returnOrigins: z
    .array(returnPlace, 'must be a list of origins and URLs')
    .min(1, 'must not be an empty list')
    .optional()
    .describe(
      "Where people come back to: URLs, each with the one path of the page that completes sign-ins, or origins with all of their paths. By default the origin of the platform's APP_URL.",
    ),
});

/** An entry as it is read, with its defaults. */
export type ProviderEntry = z.output<typeof providerSchema>;

/** The section among others: each process may read the one file. */
export const providersFileSchema = z.object({
  providers: z.array(providerSchema, 'must be a list of providers'),
});

/** As a browser writes it: an origin, or a URL with a path. */
function isReturnPlace(text: string): boolean {
  const url = URL.parse(text);
  if (!url || (url.origin !== text && url.origin + url.pathname !== text)) return false;
  return url.protocol === 'https:' || isLoopback(url);
}

/** Whether a URL leads to this machine, over plain http or not. */
export function isLoopback({ protocol, hostname }: URL): boolean {
  return /^https?:$/.test(protocol) && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

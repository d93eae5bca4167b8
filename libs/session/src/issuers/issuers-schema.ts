import { platforms } from '@signet/schema/contract';
import { z } from 'zod';
import { algorithmNames } from '../jwks.ts';
import { parseClaimPath } from './claim-path.ts';

const placeFault =
  'must be the place of a claim, such as scope, realm_access.roles, https://example.com/roles or groups["a.b"]';
const path = z.string(placeFault).refine((text) => parseClaimPath(text) !== undefined, placeFault);

const textFault = 'must be a text of 1 to 500 characters';
const text = z.string(textFault).min(1, textFault).max(500, textFault);

/** One item, or a list of them. */
function oneOrMore<T extends z.ZodType>(item: T, fault: string) {
  return z.union([item, z.array(item).min(1, 'must not be an empty list')], `${fault}, or a list of such`);
}

function areRoleNames(names: readonly string[]): boolean {
  // JavaScript puts names of digits before all others: the first in the file would not be the first that counts.
  return names.length > 0 && names.every((name) => !/^\d+$/.test(name));
}

const role = z.union(
  [
    path,
    z.strictObject({
      from: path.describe('Where the roles stand in a token: one text, or a list of them.'),
      values: z
        .record(text, text)
        .refine((values) => areRoleNames(Object.keys(values)), 'must name roles, and none by digits alone')
        .describe(
          'What each role of the issuer is called here. Of several that a token has, the first in this list counts; roles that are not in it do not.',
        ),
    }),
  ],
  'must be the place of a claim, or `from` with a place and `values` with the roles by the names that the issuer has for them',
);

const claimsSchema = z.strictObject({
  subject: path
    .default('sub')
    .describe('Who the caller is: `userId` or `staffId` of a session. It must be one text and never change.'),
  scopes: oneOrMore(path, placeFault)
    .default(['scope'])
    .describe(
      'Where the scopes stand: the names at all these places together. `scope` and `scp` are space-delimited texts or lists, any other is a list or one name.',
    ),
  policies: oneOrMore(path, placeFault)
    .optional()
    .describe(
      'Where the policies stand that hold for the caller: lists of texts, or one text. The gateway decides `@policy` by them where POLICIES is `token`.',
    ),
  role: role.optional().describe('The role of a member of staff. Only with the platform `portal`.'),
  tenant: path.optional().describe('The tenant of the caller: one text.'),
  email: path
    .default('email')
    .describe('The e-mail address: one text. It counts as verified where `email_verified` is true.'),
  session: path.default('sid').describe("The id of the issuer's session: one text."),
});

/** An issuer in the section `issuers` of a configuration file. */
const issuerSchema = z.strictObject({
  issuer: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL, exactly as `iss` in the tokens' })
    .describe('`iss` of its tokens, letter by letter: a slash at the end counts (RFC 8414, section 2).'),
  platform: z
    .enum(platforms, 'must be user or portal')
    .describe('The platform of all its callers. A token can not choose it.'),
  audience: oneOrMore(text, textFault).describe(
    '`aud` of the tokens for this graph: one, or a list of which one must be there.',
  ),
  audienceClaim: z
    .enum(['aud', 'client_id'], 'must be aud or client_id')
    .default('aud')
    .describe(
      'Where the audience stands. `client_id` is for issuers whose access tokens have no `aud` (Amazon Cognito): `audience` then lists clients.',
    ),
  jwks: text
    .optional()
    .describe(
      'Its public keys (RFC 7517): an https URL, or the path of a file, from the folder of the configuration file. A file is read at the start.',
    ),
  discovery: z
    .url({ protocol: /^https?$/, error: 'must be an https URL' })
    .optional()
    .describe(
      'In place of `jwks`: its metadata (RFC 8414, or OpenID Connect Discovery), which name the URL of the keys. Their `issuer` must be the one above.',
    ),
  algorithms: z
    .array(z.enum(algorithmNames, `must be one of ${algorithmNames.join(', ')}`))
    .min(1, 'must not be an empty list')
    .default(['RS256', 'ES256', 'EdDSA'])
    .describe(
      'The signature algorithms that are accepted. Each key is used with one of them: its own `alg`, or the only one in this list that fits it.',
    ),
  tokenTypes: z
    .array(z.enum(['at+jwt', 'JWT', 'none'], 'must be at+jwt, JWT or none'))
    .min(1, 'must not be an empty list')
    .default(['at+jwt'])
    .describe(
      '`typ` in the header of its access tokens; `none` is a header without it. `JWT` and `none` are those of ID tokens too, so they need `require`.',
    ),
  require: z
    .record(
      path,
      z.union([z.literal(true), text, z.array(text).min(1)], 'must be true, a text, or a list of texts'),
    )
    .refine((claims) => Object.keys(claims).length > 0, 'must name a claim')
    .optional()
    .describe(
      'Claims that a token must have: the text, one text of a list, or `true` for anything that is not empty. It tells access tokens from ID tokens.',
    ),
  claims: claimsSchema
    .prefault({})
    .describe('Where the claims stand, by place: `a.b`, a URL, or `a["b.c"]`.'),
  tenant: text.optional().describe('The tenant of all its callers, in place of `claims.tenant`.'),
  ids: z
    .enum(['subject', 'derived'], 'must be subject or derived')
    .default('subject')
    .describe(
      '`subject`: a caller has the id that the token has. `derived`: a UUID made of issuer and subject, which no other issuer can give. It is needed where a platform has several issuers.',
    ),
  revocations: z
    .literal('none', 'must be none: there is no other way yet')
    .optional()
    .describe(
      '`none` says that a token is valid until it expires, whatever its issuer says. In production it must be said.',
    ),
});

/**
 * The section `issuers` of a configuration file: who else's tokens a process accepts, beside the platform's own. It checks each entry by itself;
 * `findIssuerListFaults` checks them together.
 */
export const issuersSchema = z.array(issuerSchema);

/** An entry as it is read, with its defaults. */
export type IssuerEntry = z.output<typeof issuerSchema>;

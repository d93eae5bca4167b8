import type { z } from 'zod';
import { ConfigError } from '../../libs/service/src/config.ts';
import type { LogWriter } from '../../libs/service/src/logger.ts';
import { createConfiguredIssuers } from '../../libs/session/src/issuers/configured-issuers.ts';
import { issuersSchema } from '../../libs/session/src/issuers/issuers-schema.ts';
import type { TrustedIssuer } from '../../libs/session/src/trusted-issuers.ts';

/** An issuer to trust, as it stands in the section `issuers` of a configuration file. */
export type Issuer = z.input<typeof issuersSchema>[number];

export type TrustOptions = {
  /** By default the console. */
  logger?: LogWriter;
  /** From where the paths of key files begin. By default the working directory. */
  folder?: string;
  /** Whether an entry must say `revocations: 'none'`, which is the only way yet. By default yes. */
  isProduction?: boolean;
};

/**
 * Opens issuers for a verifier: their keys are fetched, kept for as long as they may be, and fetched again.
 *
 * One that is down does not stop the start: its tokens are refused as `auth.unavailable` until its keys can be read. An issuer and audience
 * belong to one platform, and a key that both platforms have is used for neither.
 *
 * @throws {ConfigError} with all faults of the list, a line each: `issuers[1].audience: …`.
 */
export async function trustIssuers(
  list: readonly Issuer[],
  { logger = console, folder = process.cwd(), isProduction = true }: TrustOptions = {},
): Promise<readonly TrustedIssuer[]> {
  const { data, error } = issuersSchema.safeParse(list);
  if (error) {
    throw new ConfigError(
      error.issues.map((issue) => {
        const place = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
        const fault = issue.code === 'unrecognized_keys' ? `has no ${issue.keys.join(', ')}` : issue.message;
        return `issuers${place.join('')}: ${fault}`;
      }),
    );
  }
  return createConfiguredIssuers(data, { logger, folder, rules: { isProduction } });
}

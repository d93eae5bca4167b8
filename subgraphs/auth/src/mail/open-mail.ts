import type { Database } from '@signet/db';
import type { Kysely } from 'kysely';
import type { MailTexts, RenderedMail } from './mail-texts.ts';
import type { ContentSeal } from './sealed-content.ts';
import { isMailTemplate } from './template-values.ts';

type SealedMail = { id: string; tenantId: string; template: string; sealedContent: Buffer };
export type ReadableMail = RenderedMail & { to: string; tenant: string; traceparent?: string | undefined };

/**
 * Opens a mail's content and writes its texts.
 *
 * @throws {Error} where this process has neither the secret nor the template: another replica may have them
 */
export type MailReader = (mail: SealedMail) => Promise<ReadableMail>;

type Tenant = { slug: string; name: string };
const tenantMs = 60_000;

export function createMailReader(db: Kysely<Database>, content: ContentSeal, texts: MailTexts): MailReader {
  const tenants = new Map<string, { tenant: Promise<Tenant>; until: number }>();
  const getTenant = (id: string): Promise<Tenant> => {
    const known = tenants.get(id);
    if (known && known.until > Date.now()) return known.tenant;
    const tenant = db
      .selectFrom('auth.tenant')
      .select(['slug', 'name'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    tenants.set(id, { tenant, until: Date.now() + tenantMs });
    tenant.catch(() => tenants.delete(id));
    return tenant;
  };
  return async ({ id, tenantId, template, sealedContent }) => {
    if (!isMailTemplate(template)) throw new Error(`There is no template ${template} here.`);
    const { to, language, values, traceparent } = content.open(sealedContent, id);
    const tenant = await getTenant(tenantId);
    return { to, tenant: tenant.slug, traceparent, ...texts.render({ template, language, values, tenant }) };
  };
}

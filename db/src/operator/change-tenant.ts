import { z } from 'zod';
import { asOwner, auditOperator, enterTenant, parse } from './create-accounts.ts';
import { OperatorError } from './operator-database.ts';

const yesOrNo = z
  .enum(['yes', 'no'], 'must be yes or no')
  .transform((word) => word === 'yes')
  .optional();

const changeSchema = z.object({
  slug: z.string(),
  selfRegistration: yesOrNo,
  unverifiedMayAct: yesOrNo,
  language: z
    .string()
    .regex(/^(?=.{2,35}$)[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag, such as de')
    .optional(),
});

export type TenantChange = z.input<typeof changeSchema>;

/**
 * Changes what a tenant allows its customers, and the language of its mails; what is left out stays.
 *
 * @throws {OperatorError} without such a tenant, or without a change.
 */
export async function changeTenant(adminUrl: string, change: TenantChange): Promise<void> {
  const { slug, selfRegistration, unverifiedMayAct, language } = parse(changeSchema, change);
  const values = {
    ...(selfRegistration !== undefined && { self_registration: selfRegistration }),
    ...(unverifiedMayAct !== undefined && { unverified_may_act: unverifiedMayAct }),
    ...(language !== undefined && { language }),
  };
  if (Object.keys(values).length === 0) {
    throw new OperatorError(
      'Nothing to change: give --self-registration, --unverified-may-act or --language.',
    );
  }
  await asOwner(adminUrl, async (trx) => {
    const tenantId = await enterTenant(trx, slug);
    await trx.updateTable('auth.tenant').set(values).where('id', '=', tenantId).execute();
    await auditOperator(trx, { kind: 'auth.tenant.changed', tenantId, details: values });
  });
}

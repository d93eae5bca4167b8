import { randomBytes } from 'node:crypto';
import { staffRoles } from '@signet/schema/contract';
import { type Environment, loadConfig, processConfigFields } from '@signet/service';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createFactorPolicy, factorConfigFields } from './factor-settings.ts';

const schema = z.object({ ...processConfigFields, ...factorConfigFields });
const rolesIn = (env: Environment) => {
  const config = loadConfig(schema, { PORT: '0', ...env });
  const { areRequiredOf } = createFactorPolicy(config, 'portal', [randomBytes(32)]);
  return staffRoles.filter((role) => areRequiredOf({ role } as never));
};

test.each([
  ['of nobody in development', {}, []],
  ['of all staff in production', { NODE_ENV: 'production' }, staffRoles],
  ['of all staff with the production surface alone', { SURFACE: 'production' }, staffRoles],
  ['of nobody there who says so', { SURFACE: 'production', STAFF_MFA: 'optional' }, []],
  ['of the roles named', { NODE_ENV: 'production', STAFF_MFA: 'super_admin' }, ['super_admin']],
])('second factors are required %s', (_case, env, roles) => {
  expect(rolesIn(env)).toEqual(roles);
});

test('customers need none, whatever staff need', () => {
  const config = loadConfig(schema, { PORT: '0', NODE_ENV: 'production' });
  const { areRequiredOf } = createFactorPolicy(config, 'user', [randomBytes(32)]);
  expect(areRequiredOf({} as never)).toBe(false);
});

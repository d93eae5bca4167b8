import { expect, it } from 'vitest';
import { createStaff } from './create-accounts.ts';

it.each(['Ada\u202eLovelace', 'Ada\u001b[31m', 'Ada\ud800'])(
  'refuses %j as the name of a member of staff',
  async (fullName) => {
    const options = { adminUrl: 'postgres://127.0.0.1:1/none', pepperKey: Buffer.alloc(32) };
    const created = createStaff(
      options,
      { tenant: 'demo', email: 'ada@example.com', fullName },
      async () => '',
    );
    await expect(created).rejects.toThrow('--fullName must not hold control characters');
  },
);

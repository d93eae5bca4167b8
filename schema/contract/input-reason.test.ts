import { expect, test } from 'vitest';
import { findReason } from './errors.ts';

test.each(['email', 'first_name', '_id', 'n1', 'items.0.quantity', 'items.productId'])(
  'input.%s is a reason: every name of GraphQL is',
  (field) => {
    expect(findReason(`input.${field}`)).toMatchObject({ code: 'BAD_USER_INPUT', httpStatus: 400 });
  },
);

test.each(['input.1a', 'input..a', 'input.a.', 'input.a-b', 'input.ä', 'input.a\n', 'x.input.a'])(
  '%j is none',
  (reason) => {
    expect(findReason(reason)).toBeUndefined();
  },
);

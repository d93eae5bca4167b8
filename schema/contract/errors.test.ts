import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorTable, findReason, statusesOfReasons, stepUpChallenge } from './errors.ts';

test('the table in docs/errors.md is the table in the code', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
  const documented = page.split('\n').flatMap((line) => {
    const [, code, status, reasons] = /^\| `([A-Z_]+)` \| (\d{3}) \| (.*)\|$/.exec(line) ?? [];
    return code
      ? [
          {
            code,
            httpStatus: Number(status),
            reasons: [...(reasons ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name),
          },
        ]
      : [];
  });
  const coded = Object.entries(errorTable).map(([code, { httpStatus, reasons }]) => ({
    code,
    httpStatus,
    reasons: [...(code === 'BAD_USER_INPUT' ? ['input.<field>'] : []), ...Object.keys(reasons)],
  }));
  expect(documented).toEqual(coded);
  const withOwnStatus = [...page.matchAll(/`([a-z_.]+)` \((\d{3})\)/g)].map(([, reason, status]) => [
    reason,
    Number(status),
  ]);
  expect(withOwnStatus).toEqual(Object.entries(statusesOfReasons));
});

test('every reason of the table is found, with its code and status', () => {
  for (const [code, { httpStatus, reasons }] of Object.entries(errorTable)) {
    for (const [reason, text] of Object.entries(reasons)) {
      expect(findReason(reason)).toEqual({
        code,
        httpStatus: statusesOfReasons[reason] ?? httpStatus,
        text,
      });
    }
  }
});

test('a step-up is challenged as RFC 9470, section 3, has it', () => {
  expect(findReason('authz.step_up.required')).toMatchObject({ code: 'FORBIDDEN', httpStatus: 401 });
  expect(stepUpChallenge({ maxAge: 300 })).toMatch(
    /^Bearer error="insufficient_user_authentication", error_description="[\w ]+", max_age="300"$/,
  );
});

test.each(['input.', 'input.a b', 'input.1', 'auth.failure', 'toString', '__proto__', 'constructor'])(
  'knows no reason %j',
  (reason) => {
    expect(findReason(reason)).toBeUndefined();
  },
);

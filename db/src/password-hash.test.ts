import { describe, expect, it } from 'vitest';
import {
  createPepper,
  findBetterScheme,
  hashPassword,
  hasValidPasswordLength,
  isOfScheme,
  noPepperId,
  passwordSchemes,
  verifyPassword,
} from './password-hash.ts';

const pepper = createPepper(Buffer.alloc(32, 1));
const otherPepper = createPepper(Buffer.alloc(32, 2));
const cheap = { algorithm: 'bcrypt', cost: 4 } as const;
const { argon2id } = passwordSchemes;

describe('a password hash', () => {
  it.each([
    ['bcrypt', /^\$2b\$12\$/],
    ['argon2id', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/],
  ] as const)('of %s verifies with its password and pepper only', (algorithm, form) => {
    const { hash, pepperId } = hashPassword('correct horse', pepper, passwordSchemes[algorithm]);
    expect(hash).toMatch(form);
    expect(pepperId).toBe(pepper.id);
    expect(verifyPassword('correct horse', hash, pepper)).toBe(true);
    expect(verifyPassword('correct horsf', hash, pepper)).toBe(false);
    expect(verifyPassword('correct horse', hash, otherPepper)).toBe(false);
    expect(verifyPassword('correct horse', hash, undefined)).toBe(false);
  });

  it('is of bcrypt with cost 12 unless another scheme is asked for', () => {
    expect(hashPassword('correct horse', pepper).hash).toMatch(/^\$2b\$12\$/);
  });

  it('depends on every character, beyond 72 bytes and beyond a NUL', () => {
    const { hash } = hashPassword(`${'é'.repeat(100)}\0a`, pepper, cheap);
    expect(verifyPassword(`${'é'.repeat(100)}\0b`, hash, pepper)).toBe(false);
    // The same letters composed otherwise, as another keyboard sends them.
    expect(verifyPassword(`${'e\u0301'.repeat(100)}\0a`, hash, pepper)).toBe(true);
  });

  it('of no known form equals no password', () => {
    for (const hash of ['', '-', 'correct horse', '$2b$31$abc']) {
      expect(verifyPassword('correct horse', hash, pepper)).toBe(false);
    }
  });
});

describe('a stored hash', () => {
  const dear = { algorithm: 'bcrypt', cost: 6 } as const;
  const of = (scheme: Parameters<typeof hashPassword>[2]) => hashPassword('correct horse', pepper, scheme);

  it('stays as it is where pepper, algorithm and cost are those in use, or its cost is higher', () => {
    expect(findBetterScheme(of(cheap), pepper, cheap)).toBeUndefined();
    expect(findBetterScheme(of(dear), pepper, cheap)).toBeUndefined();
    expect(findBetterScheme(of(argon2id), pepper, argon2id)).toBeUndefined();
    expect(findBetterScheme(of({ ...argon2id, passes: 3 }), pepper, argon2id)).toBeUndefined();
  });

  it('is made anew for a higher cost, another algorithm, another pepper or none', () => {
    expect(findBetterScheme(of(cheap), pepper, dear)).toEqual(dear);
    expect(findBetterScheme(of(cheap), pepper, argon2id)).toEqual(argon2id);
    expect(findBetterScheme(of(argon2id), pepper, cheap)).toEqual(cheap);
    expect(findBetterScheme(of(cheap), otherPepper, cheap)).toEqual(cheap);
    expect(findBetterScheme({ ...of(cheap), pepperId: noPepperId }, pepper, cheap)).toEqual(cheap);
    expect(findBetterScheme(of({ ...argon2id, memory: 8192 }), pepper, argon2id)).toEqual(argon2id);
  });

  it('gets no lower cost with another pepper', () => {
    expect(findBetterScheme(of(dear), otherPepper, cheap)).toEqual(dear);
    expect(findBetterScheme(of({ ...argon2id, passes: 3 }), otherPepper, argon2id)).toMatchObject({
      passes: 3,
      memory: argon2id.memory,
    });
  });

  it('that was imported gets the cost of all others, so that its time tells of no account', () => {
    const imported = (scheme: Parameters<typeof hashPassword>[2]) => ({
      ...of(scheme),
      pepperId: noPepperId,
    });
    expect(findBetterScheme(imported(dear), pepper, cheap)).toEqual(cheap);
    expect(findBetterScheme(imported({ ...argon2id, passes: 3 }), pepper, argon2id)).toEqual(argon2id);
  });

  it('is of a scheme when all its parameters are', () => {
    expect(isOfScheme(of(cheap).hash, cheap)).toBe(true);
    expect(isOfScheme(of(cheap).hash, dear)).toBe(false);
    expect(isOfScheme(of(cheap).hash, argon2id)).toBe(false);
    expect(isOfScheme(of(argon2id).hash, argon2id)).toBe(true);
    expect(isOfScheme(of({ ...argon2id, memory: 8192 }).hash, argon2id)).toBe(false);
  });
});

describe('hasValidPasswordLength', () => {
  it.each([
    [11, false],
    [12, true],
    [128, true],
    [129, false],
  ])('counts %i characters, not code units', (length, isValid) => {
    expect(hasValidPasswordLength('😀'.repeat(length))).toBe(isValid);
  });
});

it('refuses a pepper of another size', () => {
  expect(() => createPepper(Buffer.alloc(16))).toThrow('32 bytes');
});

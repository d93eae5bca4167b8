import { describe, expect, it } from 'vitest';
import { createPepper, hashPassword, hasValidPasswordLength, verifyPassword } from './password-hash.ts';

const pepper = createPepper(Buffer.alloc(32, 1));

describe('a password hash', () => {
  it('verifies with its password and pepper only', () => {
    const { hash, pepperId } = hashPassword('correct horse', pepper);
    expect(hash).toMatch(/^\$2b\$12\$/);
    expect(pepperId).toBe(pepper.id);
    expect(verifyPassword('correct horse', hash, pepper)).toBe(true);
    expect(verifyPassword('correct horsf', hash, pepper)).toBe(false);
    expect(verifyPassword('correct horse', hash, createPepper(Buffer.alloc(32, 2)))).toBe(false);
  });

  it('depends on every character, beyond 72 bytes and beyond a NUL', () => {
    const { hash } = hashPassword(`${'é'.repeat(100)}\0a`, pepper);
    expect(verifyPassword(`${'é'.repeat(100)}\0b`, hash, pepper)).toBe(false);
    // The same letters composed otherwise, as another keyboard sends them.
    expect(verifyPassword(`${'e\u0301'.repeat(100)}\0a`, hash, pepper)).toBe(true);
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

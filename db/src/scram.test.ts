import { describe, expect, it } from 'vitest';
import { createScramVerifier, matchesScramVerifier } from './scram.ts';

describe('a SCRAM-SHA-256 verifier', () => {
  it('belongs to its password and to no other', () => {
    const verifier = createScramVerifier('correct horse');
    expect(matchesScramVerifier(verifier, 'correct horse')).toBe(true);
    expect(matchesScramVerifier(verifier, 'correct horsf')).toBe(false);
  });

  it('is another one each time, and does not hold the password', () => {
    expect(createScramVerifier('battery')).not.toBe(createScramVerifier('battery'));
    expect(createScramVerifier('battery')).not.toContain('battery');
  });

  it('is told from an md5 hash and from nonsense', () => {
    expect(matchesScramVerifier('md5aabbccddeeff00112233445566778899', 'x')).toBe(false);
    expect(matchesScramVerifier('', '')).toBe(false);
  });
});

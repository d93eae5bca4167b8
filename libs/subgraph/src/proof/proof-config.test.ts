import { type ConfigError, loadConfig } from '@signet/service';
import { describe, expect, it } from 'vitest';
import { subgraphConfigSchema } from '../config.ts';

const good = {
  PORT: '4015',
  DATABASE_URL: 'postgres://signet_portal:secret@db/signet',
  REVOCATIONS_DATABASE_URL: 'postgres://signet_verifier:secret@db/signet',
  DEFAULT_TENANT: 'main',
  ISSUER_URL: 'https://id.example',
  USER_JWKS_URL: 'https://id.example/user.json',
  PORTAL_JWKS_URL: 'https://id.example/portal.json',
};
const files = { PROOF_KEY_FILE: '/run/key.json', PROOF_PEERS_FILE: '/run/peers.json' };

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(subgraphConfigSchema, env);
    return [];
  } catch (error) {
    return (error as ConfigError).faults;
  }
}

describe('REQUIRE_PROOF', () => {
  it('is on unless said, and asks for both files', () => {
    expect(loadConfig(subgraphConfigSchema, { ...good, ...files }).REQUIRE_PROOF).toBe(true);
    expect(faultsOf(good)).toEqual([
      expect.stringMatching(/^PROOF_KEY_FILE: is not set \(npx signet keys proof init /),
      expect.stringMatching(/^PROOF_PEERS_FILE: is not set /),
    ]);
  });

  it.each(['no', 'false'])('can be off outside production: %s', (value) => {
    expect(faultsOf({ ...good, REQUIRE_PROOF: value })).toEqual([]);
  });

  it('can not be off in production, whatever files there are', () => {
    const production = { ...good, NODE_ENV: 'production', REQUIRE_PROOF: 'no' };
    const refusal = [expect.stringMatching(/^REQUIRE_PROOF: must not be no in production/)];
    expect(faultsOf(production)).toEqual(refusal);
    expect(faultsOf({ ...production, ...files })).toEqual(refusal);
    expect(faultsOf({ ...good, SURFACE: 'production', REQUIRE_PROOF: 'no' })).toEqual(refusal);
  });

  it.each(['off', '0', 'NO'])('takes no other word for no: %s', (value) => {
    expect(faultsOf({ ...good, ...files, REQUIRE_PROOF: value })).toEqual([
      'REQUIRE_PROOF: must be yes or no',
    ]);
  });
});

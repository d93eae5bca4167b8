import { loadConfig } from '@signet/service';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { proofFields, proofFilesOf, refineProof, whenProofIsRead } from './config.ts';

const schema = z
  .object({
    ...proofFields,
    SURFACE: z.enum(['development', 'production']).optional(),
    NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
    ENTRANCES: z
      .string()
      .transform((list) => list.split(',') as ('graph' | 'user' | 'portal')[])
      .optional(),
  })
  .superRefine(refineProof, whenProofIsRead);

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(schema, env);
    return [];
  } catch (error) {
    return (error as { faults: readonly string[] }).faults;
  }
}

const peers = { PROOF_PEERS_FILE: '/run/peers.json' };

describe('the proof keys of a gateway', () => {
  it('are needed for each entrance that is opened, and for no other', () => {
    expect(faultsOf({})).toEqual([
      expect.stringMatching(/^GRAPH_PROOF_KEY_FILE: is not set: the entrance graph signs with it/),
      expect.stringMatching(/^USER_PROOF_KEY_FILE: /),
      expect.stringMatching(/^PORTAL_PROOF_KEY_FILE: /),
      expect.stringMatching(/^PROOF_PEERS_FILE: is not set/),
    ]);
    expect(faultsOf({ ...peers, ENTRANCES: 'user', USER_PROOF_KEY_FILE: '/run/key.json' })).toEqual([]);
    expect(faultsOf({ ...peers, ENTRANCES: 'user', PORTAL_PROOF_KEY_FILE: '/run/key.json' })).toEqual([
      expect.stringMatching(/^USER_PROOF_KEY_FILE: /),
    ]);
  });

  it('are not asked for with REQUIRE_PROOF=no, which production does not take', () => {
    expect(faultsOf({ REQUIRE_PROOF: 'no' })).toEqual([]);
    expect(faultsOf({ REQUIRE_PROOF: 'no', NODE_ENV: 'production' })).toEqual([
      expect.stringMatching(/^REQUIRE_PROOF: must not be no in production/),
    ]);
    expect(faultsOf({ REQUIRE_PROOF: 'no', SURFACE: 'production' })).toHaveLength(1);
  });

  it('are not asked for with PROOF=off, which production takes only with a second word', () => {
    expect(faultsOf({ PROOF: 'off' })).toEqual([]);
    for (const env of [{ NODE_ENV: 'production' }, { SURFACE: 'production' }]) {
      expect(faultsOf({ PROOF: 'off', ...env })).toEqual([
        expect.stringMatching(/^PROOF: must not be off in production.*PROOF_OFF_IN_PRODUCTION=yes/),
      ]);
      expect(faultsOf({ PROOF: 'off', PROOF_OFF_IN_PRODUCTION: 'no', ...env })).toHaveLength(1);
      expect(faultsOf({ PROOF: 'off', PROOF_OFF_IN_PRODUCTION: 'yes', ...env })).toEqual([]);
      // The second word opens nothing by itself.
      expect(faultsOf({ PROOF_OFF_IN_PRODUCTION: 'yes', ...env })).toHaveLength(4);
    }
  });

  it("are each entrance's own", () => {
    const config = loadConfig(schema, {
      ...peers,
      GRAPH_PROOF_KEY_FILE: '/graph.json',
      USER_PROOF_KEY_FILE: '/user.json',
      PORTAL_PROOF_KEY_FILE: '/portal.json',
    });
    for (const entrance of ['graph', 'user', 'portal'] as const) {
      expect(proofFilesOf(config, entrance)).toEqual({
        keyFile: `/${entrance}.json`,
        peersFile: '/run/peers.json',
      });
    }
    expect(proofFilesOf({ ...config, REQUIRE_PROOF: false }, 'graph')).toBeUndefined();
  });
});

import { readFileSync } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import { supergraphPath, variants } from '@signet/schema/supergraph-files';
import { createLogger } from '@signet/service';
import { parse, print } from 'graphql';
import { expect, test, vi } from 'vitest';
import { stripRules } from './strip-rules.ts';

const logger = createLogger('test', 'silent');

async function load(supergraphSdl: string) {
  // It would report to its vendor otherwise.
  vi.stubEnv('APOLLO_TELEMETRY_DISABLED', 'true');
  const gateway = new ApolloGateway({ supergraphSdl, logger });
  try {
    return (await gateway.load()).schema;
  } finally {
    await gateway.stop().catch(() => undefined);
  }
}

test.each(variants)(
  '@apollo/gateway starts on the stripped schema of %s, and not on the whole one',
  async (name) => {
    const whole = readFileSync(supergraphPath(name), 'utf8');
    // Why there is a copy at all: without it the gateway can't be started on a schema with rules.
    await expect(load(whole)).rejects.toThrow(/authenticated|requiresScopes|policy/);
    const stripped = print(stripRules(parse(whole)));
    expect((await load(stripped)).getQueryType()?.name).toBe('Query');
    // Descriptions may speak of them.
    const code = stripped.replace(/"""[\s\S]*?"""/g, '');
    expect(code).not.toMatch(/@(authenticated|requiresScopes|policy)\b|(requiresScopes|policy)__/);
  },
);

test('leaves everything else as it was', () => {
  const whole = readFileSync(supergraphPath('graph'), 'utf8');
  const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;
  const stripped = print(stripRules(parse(whole)));
  const original = print(parse(whole));
  for (const pattern of [/@platform\(/g, /@public\b/g, /@join__field/g, /@tag\(/g, /^(type|enum|input) /gm]) {
    expect(count(stripped, pattern)).toBe(count(original, pattern));
    expect(count(stripped, pattern)).toBeGreaterThan(0);
  }
});

test('strips a specification whatever its version, and nothing whose name only begins alike', () => {
  const text = `schema @link(url: "https://specs.apollo.dev/policy/v0.9", for: SECURITY) @link(url: "https://x.dev/policyholder/v1.0") { query: Query }
    directive @policy(policies: [[policy__Policy!]!]!) on OBJECT
    directive @policyholder on OBJECT
    scalar policy__Policy
    type Query @policy(policies: [["a"]]) @policyholder { policy: Int @authenticated }`;
  expect(print(stripRules(parse(text)))).toBe(
    print(
      parse(`schema @link(url: "https://x.dev/policyholder/v1.0") { query: Query }
        directive @policyholder on OBJECT
        type Query @policyholder { policy: Int }`),
    ),
  );
});

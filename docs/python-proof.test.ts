import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('the verifier in Python accepts and refuses what docs/proof-vectors.json says', () => {
  const vectors = join(import.meta.dirname, 'proof-vectors.json');
  const verifier = join(import.meta.dirname, 'adopt/python-subgraph/signet_proof.py');
  const { accepted, refused } = JSON.parse(readFileSync(vectors, 'utf8'));
  const said = execFileSync('python3', [verifier, vectors], { encoding: 'utf8' });
  expect(said).toBe(`${accepted.length} accepted, ${refused.length} refused\n`);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestIssuer } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPackages } from './build/manifest.ts';
import { findTarballFaults } from './build/tarball-faults.ts';
import {
  createStrangersProject,
  packOnce,
  readCodeBlock,
  type StrangersProject,
} from './packed.test-support.ts';

/** Types of both packages meet, and an error of one is recognized by the other. */
const together = `
import { guardSchema, type GuardContext, readRuleBook, RefusalError as AccessRefusal } from '@signet/access';
import { parseSignetContext, RefusalError as ProofRefusal } from '@signet/proof';
import { anonymousSession, RefusalError, type Session } from '@signet/session';
import { buildASTSchema, type ExecutionResult, graphql, parse } from 'graphql';

const sdl = parse('directive @authenticated on FIELD_DEFINITION type Query { me: String @authenticated naked: String }');
const schema = guardSchema(buildASTSchema(sdl), readRuleBook(sdl), {});
const ask = (session: Session, source: string): Promise<ExecutionResult> =>
  graphql({ schema, source, rootValue: { me: 'Jo', naked: 'x' }, contextValue: { session } satisfies GuardContext });
const { errors } = await ask(anonymousSession, '{ me }');
const refusal = errors?.[0]?.originalError ?? errors?.[0];
const user: Session = { ...anonymousSession, platform: 'user', userId: '1', issuer: 'https://id.example.com', scopes: new Set(['any:scope']), sessionId: '', tokenId: '', tenantId: '', email: '', emailVerified: true, authTime: 0, amr: ['pwd'], acr: 'aal1', expiresAt: 0 };
console.log(JSON.stringify({
  code: errors?.[0]?.extensions.code,
  isKnown: [RefusalError, AccessRefusal, ProofRefusal].map((type) => refusal instanceof type),
  isOther: new Error('other') instanceof RefusalError,
  data: (await ask(user, '{ me }')).data,
  naked: (await ask(user, '{ naked }')).data,
  context: parseSignetContext('id="1", entrance="user"'),
}));
`;

const libraries = ['session', 'access', 'proof'];
const readmeOf = (name: string) => readFileSync(join(import.meta.dirname, name, 'README.md'), 'utf8');

describe('packed libraries in another project', () => {
  let project: StrangersProject;
  let issuer: Awaited<ReturnType<typeof createTestIssuer>>;

  beforeAll(async () => {
    issuer = await createTestIssuer();
    const readmes = libraries.map((name) => [`readme-${name}.ts`, readCodeBlock(readmeOf(name))]);
    project = await createStrangersProject({
      packages: libraries,
      dependencies: ['graphql@16.15.0', '@types/node@24.19.2'],
      files: { 'together.ts': together, ...Object.fromEntries(readmes) },
    });
  }, 300_000);

  afterAll(async () => {
    await project?.remove();
    await issuer?.close();
  });

  test('the types of all exports hold under strict and without skipLibCheck', async () => {
    await project.checkTypes();
  });

  test('the README of session verifies a token, and refuses a forged one and one of the other platform', async () => {
    const program = readCodeBlock(readmeOf('session')).replaceAll('https://id.example.com', issuer.issuerUrl);
    const server = await project.serve('readme-session-served.ts', program, 4010);
    const ids = { tenantId: crypto.randomUUID(), userId: crypto.randomUUID() };
    const token = await issuer.mintUserToken(ids);
    const staff = await issuer.mintPortalToken({ ...ids, staffId: ids.userId, role: 'support' });
    const ask = async (authorization?: string) => {
      const res = await fetch(server, { headers: { ...(authorization && { authorization }) } });
      return [res.status, await res.text()];
    };
    expect(await ask(`Bearer ${token}`)).toEqual([200, ids.userId]);
    expect(await ask()).toEqual([200, 'No customer is signed in.']);
    expect(await ask(`Bearer ${token.slice(0, -4)}AAAA`)).toEqual([401, 'auth.failure.invalid_signature']);
    expect(await ask(`Bearer ${staff}`)).toEqual([401, 'auth.failure.issuer_mismatch']);
  });

  test('the README of access refuses a field by its rule, and no other', async () => {
    const { data, errors } = JSON.parse(await project.node('readme-access.ts'));
    expect(data).toEqual({ news: 'none', salaries: null });
    expect(errors).toMatchObject([
      { path: ['salaries'], extensions: { reason: 'auth.failure.missing_token' } },
    ]);
  });

  test('the README of proof verifies what it signed', async () => {
    expect(await project.node('readme-proof.ts')).toBe('gateway-user\n');
  });

  test('a refusal of one package is a refusal for the others, and any text is a scope', async () => {
    expect(JSON.parse(await project.node('together.ts'))).toEqual({
      code: 'UNAUTHENTICATED',
      isKnown: [true, true, true],
      isOther: false,
      data: { me: 'Jo' },
      naked: { naked: null },
      context: { requestId: '1', entrance: 'user' },
    });
  });
});

describe('every package', () => {
  test.each(readPackages().map((one) => [one.folder, one] as const))(
    '%s has a current API report, and publint and attw find no fault',
    async (folder, one) => {
      const { tarball, report } = (await packOnce())[folder] ?? expect.fail(`${folder} was not packed`);
      expect(readFileSync(join(one.path, 'api.md'), 'utf8'), 'run npm run pack and read the difference').toBe(
        report,
      );
      expect(await findTarballFaults(tarball)).toEqual([]);
    },
    300_000,
  );
});

import { Kind, parse } from 'graphql';
import { expect, it } from 'vitest';
import { readSubgraphSdl } from './sdl.ts';

/** Mutations of people who are signed in, about accounts, that need no recent sign-in, and why. */
const withoutStepUp: Readonly<Record<string, string>> = {
  ...because('the current password is asked for', ['changePassword', 'changePortalPassword']),
  ...because('it is the proof, or begins it', [
    'reauthenticate',
    'portalReauthenticate',
    'beginPasskeyReauthentication',
    'beginPortalPasskeyReauthentication',
  ]),
  ...because('it needs the secret or challenge that a mutation with the rule gave', [
    'confirmTotp',
    'confirmPortalTotp',
    'finishPasskeyRegistration',
    'finishPortalPasskeyRegistration',
  ]),
  ...because('it takes access away, as one does in an emergency, and a sign-in gives it back', [
    'endSession',
    'endPortalSession',
    'endOtherSessions',
    'endOtherPortalSessions',
    'endDevice',
    'endPortalDevice',
    'endCustomerSessions',
    'endCustomerDevice',
    'endImpersonation',
    'objectToImpersonation',
  ]),
  ...because('it reads', ['verifyAuditLog']),
  ...because('it changes no way to sign in', [
    'cancelAccountDeletion',
    'renamePasskey',
    'renamePortalPasskey',
    'requestEmailVerification',
    'requestPortalEmailVerification',
    'assignCustomer',
    'unassignCustomer',
    'addSupportNote',
    'deleteSupportNote',
  ]),
};

it('each mutation about accounts needs a recent sign-in, or it says here why not', () => {
  const mutations = ['auth', 'portal'].flatMap((name) =>
    parse(readSubgraphSdl(name)).definitions.flatMap((node) =>
      (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION) &&
      node.name.value === 'Mutation'
        ? (node.fields ?? [])
        : [],
    ),
  );
  const without = mutations
    .filter(({ directives = [] }) => !directives.some(({ name }) => /^(public|recentAuth)$/.test(name.value)))
    .map(({ name }) => name.value);
  expect(mutations.length).toBeGreaterThan(without.length + 20);
  expect(without.sort()).toEqual(Object.keys(withoutStepUp).sort());
});

function because(reason: string, fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(fields.map((field) => [field, reason]));
}

import type { CaseContext, PlatformCases } from '../../../launcher/src/platform-cases.test-support.ts';

const runs = {};
/** An id that nothing has. */
const unknownId = '0199c2f4-7a10-7000-8000-00000000dead';

/** A service account with a credential, on the side that a made up argument names. Returns its id. */
async function addService(ask: CaseContext['ask']): Promise<string> {
  const change = async (text: string) => {
    const { body } = await ask(`mutation { ${text} { id } }`, 'super_admin');
    if (body.errors) throw new Error(`no service account can be made: ${JSON.stringify(body.errors)}`);
    return body.data;
  };
  const { createServiceAccount } = await change(
    'createServiceAccount(input: { side: USER, name: "A job", scopes: ["profile:read"], reason: "A test." })',
  );
  await change(
    `registerServiceKey(input: { side: USER, serviceAccount: "${createServiceAccount.id}", jwksUrl: "https://partner.example/jwks.json", reason: "A test." })`,
  );
  return createServiceAccount.id;
}

export default {
  async findObjects(caller, { ask }) {
    if (caller !== 'super_admin') return {};
    const { body } = await ask(
      'mutation { inviteStaff(input: { email: "invited@example.com", fullName: "Invited", role: support }) { id } }',
      caller,
    );
    if (body.errors) throw new Error(`nobody can be invited: ${JSON.stringify(body.errors)}`);
    return { ServiceAccount: { own: await addService(ask), foreign: unknownId } };
  },
  arguments: {
    // Without an argument that would be wrong. They change nothing that another question asks for: nobody has a factor or a device.
    ...Object.fromEntries(
      [
        'beginTotp',
        'beginPortalTotp',
        'removeTotp',
        'removePortalTotp',
        'renewRecoveryCodes',
        'renewPortalRecoveryCodes',
        'beginPasskeySignIn',
        'beginPortalPasskeySignIn',
        'beginPasskeyRegistration',
        'beginPortalPasskeyRegistration',
        'beginPasskeyReauthentication',
        'beginPortalPasskeyReauthentication',
        'requestEmailVerification',
        'requestPortalEmailVerification',
        // In this order: an export and a deletion are there when their fields are asked for.
        'cancelAccountDeletion',
        'deleteAccount',
        'exportAccount',
      ].map((field) => [`Mutation.${field}`, runs]),
    ),
  },
  // The seed has no second factors, no identities at providers and no remembered devices, and those of a link or a challenge come with a right one only. auth's own
  // tests read them.
  emptyInSeed: [
    'Query.myIdentities',
    'Query.portalIdentities',
    'Query.myPasskeys',
    'Query.portalPasskeys',
    'SecondFactors.totp',
    // The member whose object is asked for makes none.
    'StaffMember.activeServiceAccounts',
    'User.factors',
    'User.rememberedDevices',
  ],
  emptyTypes: [
    'CustomerFactor',
    'EmailVerification',
    'FactorAddition',
    'Identity',
    'ImpersonatedToken',
    'Passkey',
    'PasskeyAddition',
    'PasswordReset',
    'PortalEnrollment',
    'RememberedDevice',
    'ServiceSecret',
    // The keys of these tests lie in files, of which nobody counts tokens.
    'SigningKeyUse',
    'TotpSecret',
    'TotpFactor',
  ],
} satisfies PlatformCases;

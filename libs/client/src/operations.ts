/** Customers, or staff. */
export type Platform = 'user' | 'portal';

const tokens = '{ accessToken expiresIn refreshToken deviceToken }';

/** Each operation: its name for customers, for staff, the type of its input, and what it selects. Not all exist for both. */
const table = {
  signIn: ['login', 'portalLogin', 'LoginInput!', tokens],
  register: ['register', undefined, 'RegisterInput!', tokens],
  acceptInvitation: [undefined, 'acceptInvitation', 'AcceptInvitationInput!', tokens],
  verifyEmail: [
    'verifyEmail',
    'verifyPortalEmail',
    'VerifyEmailInput!',
    `{ verified next tokens ${tokens} }`,
  ],
  completeChallenge: ['completeChallenge', 'completePortalChallenge', 'CompleteChallengeInput!', tokens],
  completeUpstreamSignIn: [
    'completeUpstreamSignIn',
    'completePortalUpstreamSignIn',
    'UpstreamSignInInput!',
    tokens,
  ],
  confirmTotpEnrollment: [
    undefined,
    'confirmPortalTotpEnrollment',
    'ConfirmTotpEnrollmentInput!',
    `{ recoveryCodes tokens ${tokens} }`,
  ],
  reauthenticate: ['reauthenticate', 'portalReauthenticate', 'ReauthenticateInput!', tokens],
  changePassword: [
    'changePassword',
    'changePortalPassword',
    'ChangePasswordInput!',
    `{ endedSessions tokens ${tokens} }`,
  ],
  beginImpersonation: [
    'beginImpersonation',
    undefined,
    'BeginImpersonationInput!',
    '{ accessToken expiresIn }',
  ],
  refresh: ['refresh', 'portalRefresh', 'RefreshInput', tokens],
  signOut: ['logout', 'portalLogout', 'LogoutInput', ''],
  beginPasskeySignIn: ['beginPasskeySignIn', 'beginPortalPasskeySignIn', '', ''],
  finishPasskeySignIn: [
    'finishPasskeySignIn',
    'finishPortalPasskeySignIn',
    'FinishPasskeySignInInput!',
    tokens,
  ],
  beginPasskeyChallenge: ['beginPasskeyChallenge', 'beginPortalPasskeyChallenge', 'challenge', ''],
  beginPasskeyReauthentication: [
    'beginPasskeyReauthentication',
    'beginPortalPasskeyReauthentication',
    '',
    '',
  ],
  beginPasskeyRegistration: ['beginPasskeyRegistration', 'beginPortalPasskeyRegistration', '', ''],
  finishPasskeyRegistration: [
    'finishPasskeyRegistration',
    'finishPortalPasskeyRegistration',
    'FinishPasskeyRegistrationInput!',
    '{ recoveryCodes }',
  ],
  beginTotpEnrollment: [undefined, 'beginPortalTotpEnrollment', 'challenge', '{ secret uri }'],
  beginPasskeyEnrollment: [undefined, 'beginPortalPasskeyEnrollment', 'challenge', ''],
  finishPasskeyEnrollment: [
    undefined,
    'finishPortalPasskeyEnrollment',
    'FinishPasskeyEnrollmentInput!',
    `{ recoveryCodes tokens ${tokens} }`,
  ],
} as const satisfies Record<string, readonly [string | undefined, string | undefined, string, string]>;

export type OperationName = keyof typeof table;

/**
 * The document of an operation, with its answer as `result`.
 *
 * @throws {Error} for one that the platform does not have
 */
export function documentOf(name: OperationName, platform: Platform): string {
  const [user, portal, input, selection] = table[name];
  const field = platform === 'user' ? user : portal;
  if (!field) throw new Error(`The platform ${platform} has no ${name}.`);
  const head = `mutation Signet_${name}`;
  if (input === '') return `${head} { result: ${field} ${selection} }`;
  if (input === 'challenge')
    return `${head}($challenge: String!) { result: ${field}(challenge: $challenge) ${selection} }`;
  return `${head}($input: ${input}) { result: ${field}(input: $input) ${selection} }`;
}

/** Every document that the client sends for a platform, for an entrance that runs trusted documents only (docs/trusted-documents.md). */
export function listDocuments(platform: Platform): string[] {
  return (Object.keys(table) as OperationName[])
    .filter((name) => table[name][platform === 'user' ? 0 : 1] !== undefined)
    .map((name) => documentOf(name, platform));
}

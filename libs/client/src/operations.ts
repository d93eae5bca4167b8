/** Customers, or staff. */
export type Platform = 'user' | 'portal';

const tokens = '{ accessToken expiresIn refreshToken deviceToken }';

/** Each operation: its name for customers, for staff, the type of its input (or of its challenge), and what it selects. Not all exist for both. */
export const operations = {
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
  beginPasskeyChallenge: ['beginPasskeyChallenge', 'beginPortalPasskeyChallenge', 'String!', ''],
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
  beginTotpEnrollment: [undefined, 'beginPortalTotpEnrollment', 'String!', '{ secret uri }'],
  beginPasskeyEnrollment: [undefined, 'beginPortalPasskeyEnrollment', 'String!', ''],
  finishPasskeyEnrollment: [
    undefined,
    'finishPortalPasskeyEnrollment',
    'FinishPasskeyEnrollmentInput!',
    `{ recoveryCodes tokens ${tokens} }`,
  ],
} as const satisfies Record<string, readonly [string | undefined, string | undefined, string, string]>;

export type OperationName = keyof typeof operations;

/**
 * The document of an operation, with its answer as `result`.
 *
 * @throws {Error} for one that the platform does not have
 */
export function documentOf(name: OperationName, platform: Platform): string {
  const [user, portal, input, selection] = operations[name];
  const field = platform === 'user' ? user : portal;
  if (!field) throw new Error(`The platform ${platform} has no ${name}.`);
  const variable = input === 'String!' ? 'challenge' : 'input';
  const [types, values] = input ? [`($${variable}: ${input})`, `(${variable}: $${variable})`] : ['', ''];
  return `mutation Signet_${name}${types} { result: ${field}${values} ${selection} }`;
}

/** Customers, or staff. */
export type Platform = 'user' | 'portal';

const tokens = '{ accessToken expiresIn refreshToken deviceToken }';

/**
 * Each operation: its name for customers, for staff, the type of its input (or of its challenge), and what it selects. A name of undefined
 * follows from the operation's own: `verifyEmail`, for staff `verifyPortalEmail`. Without a name it does not exist for them.
 */
export const operations = {
  signIn: ['login', 'portalLogin', 'LoginInput!', tokens],
  register: [undefined, '', 'RegisterInput!', tokens],
  acceptInvitation: ['', 'acceptInvitation', 'AcceptInvitationInput!', tokens],
  verifyEmail: [undefined, undefined, 'VerifyEmailInput!', `{ verified next tokens ${tokens} }`],
  completeChallenge: [undefined, undefined, 'CompleteChallengeInput!', tokens],
  completeUpstreamSignIn: [undefined, undefined, 'UpstreamSignInInput!', tokens],
  confirmTotpEnrollment: ['', undefined, 'ConfirmTotpEnrollmentInput!', `{ recoveryCodes tokens ${tokens} }`],
  reauthenticate: [undefined, 'portalReauthenticate', 'ReauthenticateInput!', tokens],
  changePassword: [undefined, undefined, 'ChangePasswordInput!', `{ endedSessions tokens ${tokens} }`],
  beginImpersonation: [undefined, '', 'BeginImpersonationInput!', '{ accessToken expiresIn }'],
  refresh: [undefined, 'portalRefresh', 'RefreshInput', tokens],
  signOut: ['logout', 'portalLogout', 'LogoutInput', ''],
  beginPasskeySignIn: [undefined, undefined, '', ''],
  finishPasskeySignIn: [undefined, undefined, 'FinishPasskeySignInInput!', tokens],
  beginPasskeyChallenge: [undefined, undefined, 'String!', ''],
  beginPasskeyReauthentication: [undefined, undefined, '', ''],
  beginPasskeyRegistration: [undefined, undefined, '', ''],
  finishPasskeyRegistration: [undefined, undefined, 'FinishPasskeyRegistrationInput!', '{ recoveryCodes }'],
  beginTotpEnrollment: ['', undefined, 'String!', '{ secret uri }'],
  beginPasskeyEnrollment: ['', undefined, 'String!', ''],
  finishPasskeyEnrollment: [
    '',
    undefined,
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
  const [user = name, portal = name.replace(/[A-Z]/, 'Portal$&'), input, selection] = operations[name];
  const field = platform === 'user' ? user : portal;
  if (!field) throw new Error(`The platform ${platform} has no ${name}.`);
  const variable = input === 'String!' ? 'challenge' : 'input';
  const [types, values] = input ? [`($${variable}: ${input})`, `(${variable}: $${variable})`] : ['', ''];
  return `mutation Signet_${name}${types} { result: ${field}${values} ${selection} }`;
}

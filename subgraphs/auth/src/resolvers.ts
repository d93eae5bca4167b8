import type { Platform } from '@signet/schema/contract';
import { refuseActors } from './impersonations/refuse-actors.ts';
import type { KeyDesk } from './keys/key-desk.ts';
import { createAcceptInvitation } from './operations/accept-invitation.ts';
import { createBeginImpersonation } from './operations/begin-impersonation.ts';
import { createChangeEmail, createConfirmEmail } from './operations/change-email.ts';
import { createChangePassword } from './operations/change-password.ts';
import { createCompleteChallenge } from './operations/complete-challenge.ts';
import { createEndDevice, createListDevices } from './operations/devices.ts';
import { createOwnFactors, createRenewRecoveryCodes } from './operations/factors.ts';
import { createLinkIdentity, createListIdentities, createUnlinkIdentity } from './operations/identities.ts';
import {
  createInvitationFields,
  createInviteStaff,
  createResendInvitation,
  createRevokeInvitation,
  createStaffInvitations,
} from './operations/invite-staff.ts';
import { createMe, createUserReference } from './operations/me.ts';
import { createObjectToImpersonation } from './operations/object-to-impersonation.ts';
import {
  createBeginPasskeyChallenge,
  createBeginPasskeyEnrollment,
  createBeginPasskeyReauthentication,
  createFinishPasskeyEnrollment,
} from './operations/passkey-factor.ts';
import { createBeginPasskeySignIn, createFinishPasskeySignIn } from './operations/passkey-sign-in.ts';
import {
  createBeginPasskeyRegistration,
  createFinishPasskeyRegistration,
  createListPasskeys,
  createRemovePasskey,
  createRenamePasskey,
} from './operations/passkeys.ts';
import {
  createAccountDeletion,
  createAccountExports,
  createCancelAccountDeletion,
  createDeleteAccount,
  createExportAccount,
  createExportData,
} from './operations/personal-data.ts';
import { createReauthenticate } from './operations/reauthenticate.ts';
import { createRefresh } from './operations/refresh.ts';
import { createRegister } from './operations/register.ts';
import { createRequestPasswordReset, createResetPassword } from './operations/reset-password.ts';
import { createCancelStaffFactorReset, createResetStaffFactors } from './operations/reset-staff-factors.ts';
import {
  createChangeServiceAccount,
  createCreateServiceAccount,
  createCreateServiceSecret,
  createDeactivateServiceAccount,
  createFindServiceAccount,
  createRegisterServiceKey,
  createRevokeServiceKey,
  createServiceAccountList,
  createServicesOfMember,
} from './operations/service-accounts.ts';
import { createServiceAccountFields, createServiceCredentialFields } from './operations/service-fields.ts';
import { createEndOtherSessions, createEndSession, createListSessions } from './operations/sessions.ts';
import { createSignIn } from './operations/sign-in.ts';
import { createSignOut } from './operations/sign-out.ts';
import {
  bindKeyAdministration,
  createRevokeSigningKey,
  createRotateSigningKey,
  createSigningKeys,
  resolveKeyUse,
} from './operations/signing-keys.ts';
import {
  createAssignableStaff,
  createChangeStaffRole,
  createDeactivateStaff,
  createPortalFeatures,
  createReactivateStaff,
  createStaffMember,
  createStaffMembers,
  createStaffReference,
} from './operations/staff.ts';
import {
  createBeginTotp,
  createBeginTotpEnrollment,
  createConfirmTotp,
  createConfirmTotpEnrollment,
  createRemoveTotp,
} from './operations/totp.ts';
import { createUndoEmail } from './operations/undo-email.ts';
import { createCustomerUpstreamSignIn, createStaffUpstreamSignIn } from './operations/upstream-sign-in.ts';
import { createRequestEmailVerification, createVerifyEmail } from './operations/verify-email.ts';
import {
  bindPortalPlatform,
  bindUserPlatform,
  type PortalIssuer,
  type UserIssuer,
} from './platform-issuer.ts';
import { createFinishRegistration } from './registrations/finish-registration.ts';
import type { Resolvers } from './resolvers.generated.ts';

/** The issuers of the platforms that a process holds. */
export type HeldIssuers = {
  user: UserIssuer | undefined;
  portal: PortalIssuer | undefined;
  /** What is known of the keys of both platforms beside the database. None of it signs. */
  keyDesk: KeyDesk | undefined;
};

/** Every operation of both platforms. The customers' are registered with the customers' issuer only, and staff's with staff's. */
export function createResolvers({ user, portal, keyDesk }: HeldIssuers) {
  const customers = createUserResolvers(user);
  const staff = createPortalResolvers(portal, keyDesk);
  return {
    ...customers.types,
    ...staff.types,
    Query: { ...customers.Query, ...staff.Query },
    // These three judge such callers themselves.
    Mutation: refuseActors({ ...customers.Mutation, ...staff.Mutation }, [
      'beginImpersonation',
      'logout',
      'portalLogout',
    ]),
  } satisfies Resolvers;
}

/** In this function there is no issuer of the portal. */
export function createUserResolvers(issuer: UserIssuer | undefined) {
  const users = bindUserPlatform(issuer);
  return {
    types: {
      User: { __resolveReference: createUserReference(users) },
      AccountExport: { data: createExportData(users) },
    },
    Query: {
      me: createMe(users),
      mySessions: createListSessions(users),
      myDevices: createListDevices(users),
      myFactors: createOwnFactors(users),
      accountExports: createAccountExports(users),
      accountDeletion: createAccountDeletion(users),
      myPasskeys: createListPasskeys(users),
      myIdentities: createListIdentities(users),
    },
    Mutation: {
      beginImpersonation: createBeginImpersonation(users),
      objectToImpersonation: createObjectToImpersonation(users),
      register: createRegister(users),
      login: createSignIn(users),
      completeChallenge: createCompleteChallenge(users),
      refresh: createRefresh(users),
      logout: createSignOut(users),
      endSession: createEndSession(users),
      endDevice: createEndDevice(users),
      endOtherSessions: createEndOtherSessions(users),
      changePassword: createChangePassword(users),
      requestEmailVerification: createRequestEmailVerification(users),
      verifyEmail: createVerifyEmail(users, createFinishRegistration(users)),
      requestPasswordReset: createRequestPasswordReset(users),
      resetPassword: createResetPassword(users),
      changeEmail: createChangeEmail(users),
      confirmEmail: createConfirmEmail(users),
      undoEmail: createUndoEmail(users),
      beginTotp: createBeginTotp(users),
      confirmTotp: createConfirmTotp(users),
      removeTotp: createRemoveTotp(users),
      renewRecoveryCodes: createRenewRecoveryCodes(users),
      beginPasskeyRegistration: createBeginPasskeyRegistration(users),
      finishPasskeyRegistration: createFinishPasskeyRegistration(users),
      renamePasskey: createRenamePasskey(users),
      removePasskey: createRemovePasskey(users),
      completeUpstreamSignIn: createCustomerUpstreamSignIn(users),
      linkIdentity: createLinkIdentity(users),
      unlinkIdentity: createUnlinkIdentity(users),
      beginPasskeySignIn: createBeginPasskeySignIn(users),
      finishPasskeySignIn: createFinishPasskeySignIn(users),
      beginPasskeyChallenge: createBeginPasskeyChallenge(users),
      beginPasskeyReauthentication: createBeginPasskeyReauthentication(users),
      reauthenticate: createReauthenticate(users),
      exportAccount: createExportAccount(users),
      deleteAccount: createDeleteAccount(users),
      cancelAccountDeletion: createCancelAccountDeletion(users),
    },
  };
}

/** In this function there is no issuer of the customers. */
export function createPortalResolvers(issuer: PortalIssuer | undefined, keyDesk: KeyDesk | undefined) {
  const portal = bindPortalPlatform(issuer);
  const keys = bindKeyAdministration(portal, keyDesk);
  return {
    types: {
      StaffMember: {
        __resolveReference: createStaffReference(portal),
        activeServiceAccounts: createServicesOfMember(portal),
      },
      StaffInvitation: createInvitationFields(portal),
      ServiceAccount: createServiceAccountFields(portal),
      ServiceCredential: createServiceCredentialFields(portal),
      SigningKey: { use: resolveKeyUse },
    },
    Query: {
      portalMe: createMe(portal),
      portalSessions: createListSessions(portal),
      portalDevices: createListDevices(portal),
      portalFactors: createOwnFactors(portal),
      portalPasskeys: createListPasskeys(portal),
      portalIdentities: createListIdentities(portal),
      staffMembers: createStaffMembers(portal),
      staffMember: createStaffMember(portal),
      portalFeatures: createPortalFeatures(portal),
      assignableStaff: createAssignableStaff(portal),
      staffInvitations: createStaffInvitations(portal),
      serviceAccounts: createServiceAccountList(portal),
      serviceAccount: createFindServiceAccount(portal),
      signingKeys: createSigningKeys(keys),
    },
    Mutation: {
      portalLogin: createSignIn(portal),
      completePortalChallenge: createCompleteChallenge(portal),
      portalRefresh: createRefresh(portal),
      portalLogout: createSignOut(portal),
      endPortalSession: createEndSession(portal),
      endPortalDevice: createEndDevice(portal),
      endOtherPortalSessions: createEndOtherSessions(portal),
      changePortalPassword: createChangePassword(portal),
      requestPortalEmailVerification: createRequestEmailVerification(portal),
      verifyPortalEmail: createVerifyEmail(portal),
      requestPortalPasswordReset: createRequestPasswordReset(portal),
      resetPortalPassword: createResetPassword(portal),
      changePortalEmail: createChangeEmail(portal),
      confirmPortalEmail: createConfirmEmail(portal),
      undoPortalEmail: createUndoEmail(portal),
      beginPortalTotp: createBeginTotp(portal),
      confirmPortalTotp: createConfirmTotp(portal),
      removePortalTotp: createRemoveTotp(portal),
      renewPortalRecoveryCodes: createRenewRecoveryCodes(portal),
      beginPortalPasskeyRegistration: createBeginPasskeyRegistration(portal),
      finishPortalPasskeyRegistration: createFinishPasskeyRegistration(portal),
      renamePortalPasskey: createRenamePasskey(portal),
      removePortalPasskey: createRemovePasskey(portal),
      completePortalUpstreamSignIn: createStaffUpstreamSignIn(portal),
      linkPortalIdentity: createLinkIdentity(portal),
      unlinkPortalIdentity: createUnlinkIdentity(portal),
      beginPortalPasskeySignIn: createBeginPasskeySignIn(portal),
      finishPortalPasskeySignIn: createFinishPasskeySignIn(portal),
      beginPortalPasskeyChallenge: createBeginPasskeyChallenge(portal),
      beginPortalPasskeyReauthentication: createBeginPasskeyReauthentication(portal),
      beginPortalPasskeyEnrollment: createBeginPasskeyEnrollment(portal),
      finishPortalPasskeyEnrollment: createFinishPasskeyEnrollment(portal),
      beginPortalTotpEnrollment: createBeginTotpEnrollment(portal),
      confirmPortalTotpEnrollment: createConfirmTotpEnrollment(portal),
      portalReauthenticate: createReauthenticate(portal),
      resetStaffFactors: createResetStaffFactors(portal),
      cancelStaffFactorReset: createCancelStaffFactorReset(portal),
      deactivateStaff: createDeactivateStaff(portal),
      reactivateStaff: createReactivateStaff(portal),
      changeStaffRole: createChangeStaffRole(portal),
      inviteStaff: createInviteStaff(portal),
      resendInvitation: createResendInvitation(portal),
      revokeInvitation: createRevokeInvitation(portal),
      acceptInvitation: createAcceptInvitation(portal),
      createServiceAccount: createCreateServiceAccount(portal),
      changeServiceAccount: createChangeServiceAccount(portal),
      registerServiceKey: createRegisterServiceKey(portal),
      createServiceSecret: createCreateServiceSecret(portal),
      revokeServiceKey: createRevokeServiceKey(portal),
      deactivateServiceAccount: createDeactivateServiceAccount(portal),
      rotateSigningKey: createRotateSigningKey(keys),
      revokeSigningKey: createRevokeSigningKey(keys),
    },
  };
}

const fieldsOf = ({ Query, Mutation }: { Query: object; Mutation: object }) =>
  new Set([...Object.keys(Query), ...Object.keys(Mutation)]);
const userFields = fieldsOf(createUserResolvers(undefined));
const portalFields = fieldsOf(createPortalResolvers(undefined, undefined));

/** The platform with which a field of Query or Mutation is registered. */
export function platformOfField(name: string): Platform | undefined {
  if (portalFields.has(name)) return 'portal';
  return userFields.has(name) ? 'user' : undefined;
}

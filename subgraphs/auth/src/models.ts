import type { Connection } from '@signet/subgraph';
import type { StaffAccount, UserAccount } from './accounts/account.ts';
import type { OwnDevice } from './devices/device.queries.ts';
import type { Invitation } from './invitations/invitation.queries.ts';
import type { OwnDeletion, OwnExport } from './operations/personal-data.ts';
import type { OwnSession } from './sessions/session.queries.ts';
import type { OwnIdentity } from './upstream/identity.queries.ts';

export type IdentityModel = OwnIdentity;
export type UserModel = UserAccount;
export type StaffMemberModel = StaffAccount;
export type StaffMemberConnectionModel = Connection<StaffAccount>;
export type SessionModel = OwnSession;
export type DeviceModel = OwnDevice;
export type AccountExportModel = OwnExport;
export type AccountDeletionModel = OwnDeletion;
export type StaffInvitationModel = Invitation;
export type StaffInvitationConnectionModel = Connection<Invitation>;

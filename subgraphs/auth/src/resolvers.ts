import { dateTimeScalar } from '@signet/subgraph';
import { changePassword } from './change-password/change-password.ts';
import { changePortalPassword } from './change-portal-password/change-portal-password.ts';
import { changeStaffRole } from './change-staff-role/change-staff-role.ts';
import { deactivateStaff } from './deactivate-staff/deactivate-staff.ts';
import { endOtherPortalSessions } from './end-other-portal-sessions/end-other-portal-sessions.ts';
import { endOtherSessions } from './end-other-sessions/end-other-sessions.ts';
import { endPortalSession } from './end-portal-session/end-portal-session.ts';
import { endSession } from './end-session/end-session.ts';
import { login } from './login/login.ts';
import { logout } from './logout/logout.ts';
import { me } from './me/me.ts';
import { mySessions } from './my-sessions/my-sessions.ts';
import { portalLogin } from './portal-login/portal-login.ts';
import { portalLogout } from './portal-logout/portal-logout.ts';
import { portalMe } from './portal-me/portal-me.ts';
import { portalRefresh } from './portal-refresh/portal-refresh.ts';
import { portalSessions } from './portal-sessions/portal-sessions.ts';
import { reactivateStaff } from './reactivate-staff/reactivate-staff.ts';
import { refresh } from './refresh/refresh.ts';
import { register } from './register/register.ts';
import type { Resolvers } from './resolvers.generated.ts';
import { resolveStaffMember } from './staff-member/resolve-staff-member.ts';
import { staffMembers } from './staff-members/staff-members.ts';
import { resolveUser } from './user/resolve-user.ts';

export const resolvers: Resolvers = {
  DateTime: dateTimeScalar,
  Query: { me, portalMe, mySessions, portalSessions, staffMembers },
  Mutation: {
    register,
    login,
    refresh,
    logout,
    portalLogin,
    portalRefresh,
    portalLogout,
    endSession,
    endOtherSessions,
    changePassword,
    endPortalSession,
    endOtherPortalSessions,
    changePortalPassword,
    deactivateStaff,
    reactivateStaff,
    changeStaffRole,
  },
  User: { __resolveReference: resolveUser },
  StaffMember: { __resolveReference: resolveStaffMember },
};

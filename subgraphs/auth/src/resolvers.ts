import { dateTimeScalar } from '@signet/subgraph';
import { login } from './login/login.ts';
import { logout } from './logout/logout.ts';
import { me } from './me/me.ts';
import { portalLogin } from './portal-login/portal-login.ts';
import { portalLogout } from './portal-logout/portal-logout.ts';
import { portalMe } from './portal-me/portal-me.ts';
import { portalRefresh } from './portal-refresh/portal-refresh.ts';
import { refresh } from './refresh/refresh.ts';
import { register } from './register/register.ts';
import type { Resolvers } from './resolvers.generated.ts';
import { resolveStaffMember } from './staff-member/resolve-staff-member.ts';
import { resolveUser } from './user/resolve-user.ts';

export const resolvers: Resolvers = {
  DateTime: dateTimeScalar,
  Query: { me, portalMe },
  Mutation: { register, login, refresh, logout, portalLogin, portalRefresh, portalLogout },
  User: { __resolveReference: resolveUser },
  StaffMember: { __resolveReference: resolveStaffMember },
};

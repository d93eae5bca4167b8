import { dateTimeScalar } from '@signet/subgraph';
import { addSupportNote } from './add-support-note/add-support-note.ts';
import { assignCustomer } from './assign-customer/assign-customer.ts';
import { auditEventResolvers, auditLog } from './audit-log/audit-log.ts';
import { customer } from './customer/customer.ts';
import { userResolvers } from './customer/user.resolvers.ts';
import { customers, userConnectionResolvers } from './customers/customers.ts';
import { dashboard } from './dashboard/dashboard.ts';
import { endCustomerSessions } from './end-customer-sessions/end-customer-sessions.ts';
import { portalHealth } from './portal-health/portal-health.ts';
import { reinstateCustomer } from './reinstate-customer/reinstate-customer.ts';
import type { Resolvers } from './resolvers.generated.ts';
import { supportNoteResolvers } from './support-notes/support-notes.ts';
import { suspendCustomer } from './suspend-customer/suspend-customer.ts';
import { unassignCustomer } from './unassign-customer/unassign-customer.ts';

export const resolvers: Resolvers = {
  DateTime: dateTimeScalar,
  Query: { portalHealth, customer, customers, dashboard, auditLog },
  Mutation: {
    addSupportNote,
    assignCustomer,
    unassignCustomer,
    endCustomerSessions,
    suspendCustomer,
    reinstateCustomer,
  },
  User: userResolvers,
  UserConnection: userConnectionResolvers,
  SupportNote: supportNoteResolvers,
  AuditEvent: auditEventResolvers,
};

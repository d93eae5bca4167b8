import { createSampledAudit, keepTally } from '@signet/db';
import { createSampler } from '@signet/service';
import { totalCountResolvers } from '@signet/subgraph';
import { defineSubgraph } from '@signet/subgraph/define';
import { settings } from './settings.ts';
import {
  endCustomerSessions,
  reinstateCustomer,
  resetCustomerFactors,
  suspendCustomer,
} from './src/administer-customers.ts';
import { assignCustomer, unassignCustomer } from './src/assignees.ts';
import { auditChains, verifyAuditLog } from './src/audit-chain.ts';
import { auditEventResolvers, auditLog, createRefusalAudit } from './src/audit-log.ts';
import { createLoaders } from './src/context.ts';
import {
  correctCustomerEmail,
  customerDeviceResolvers,
  customerFactorResolvers,
  customerSessionResolvers,
  endCustomerDevice,
  rememberedDeviceResolvers,
  sendPasswordReset,
} from './src/customer-account.ts';
import { customer, customers, userResolvers } from './src/customers.ts';
import { dashboardTally } from './src/dashboard.queries.ts';
import { dashboard, dashboardResolvers, portalHealth } from './src/dashboard.ts';
import {
  endImpersonation,
  impersonateCustomer,
  impersonationResolvers,
  impersonations,
} from './src/impersonations.ts';
import { startLagSamples } from './src/lag-samples.ts';
import { personalData } from './src/personal-data.ts';
import { policies } from './src/policies.ts';
import { refusal, refusalReasons, refusalResolvers, refusals } from './src/refusals.ts';
import type { Resolvers } from './src/resolvers.generated.ts';
import { addSupportNote, deleteSupportNote, supportNoteResolvers } from './src/support-notes.ts';

const resolvers: Resolvers = {
  Query: {
    portalHealth,
    customer,
    customers,
    dashboard,
    auditLog,
    auditChains,
    impersonations,
    refusal,
    refusals,
    refusalReasons,
  },
  Mutation: {
    addSupportNote,
    deleteSupportNote,
    assignCustomer,
    unassignCustomer,
    endCustomerSessions,
    endCustomerDevice,
    suspendCustomer,
    resetCustomerFactors,
    reinstateCustomer,
    sendPasswordReset,
    correctCustomerEmail,
    impersonateCustomer,
    endImpersonation,
    verifyAuditLog,
  },
  User: userResolvers,
  UserConnection: totalCountResolvers,
  SupportNote: supportNoteResolvers,
  AuditEvent: auditEventResolvers,
  CustomerSession: customerSessionResolvers,
  CustomerDevice: customerDeviceResolvers,
  CustomerFactor: customerFactorResolvers,
  RememberedDevice: rememberedDeviceResolvers,
  Dashboard: dashboardResolvers,
  Impersonation: impersonationResolvers,
  Refusal: refusalResolvers,
};

/** What staff do for customers, and the audit log. */
export default defineSubgraph({
  name: 'portal',
  resolvers,
  policies,
  createLoaders,
  personalData,
  settings,
  everyMinute: { countedTenants: keepTally(dashboardTally) },
  extend({ db, logger, revocationAge }) {
    const samples = createSampledAudit({ db, platform: 'portal', createSampler, log: logger });
    const lag = startLagSamples({ db, logger, revocationAge });
    return {
      hooks: [createRefusalAudit(samples)],
      stop: async () => void (await Promise.all([samples.stop(), lag.stop()])),
    };
  },
});

export { type AuditSealer, sealAuditEvents, startAuditSealer } from './audit-sealer.ts';
export { createSampledAudit, type SampledAudit } from './sampled-audit.ts';
export { formatSealReference, parseSealReference, type SealReference } from './seal.ts';
export { type Verification, verifyAuditLog } from './verify-audit-log.ts';
export { type AuditEvent, type AuditOrigin, writeAuditEvent } from './write-audit-event.ts';

import { RefusalError } from '@signet/service';

export function refuseMissingProof(): RefusalError {
  return new RefusalError('auth.failure.proof_missing');
}

/** `detail` reaches the log only: it would tell a forger which part to mend. */
export function refuseProof(detail: string): RefusalError {
  return new RefusalError('auth.failure.proof_invalid', { cause: new Error(detail) });
}

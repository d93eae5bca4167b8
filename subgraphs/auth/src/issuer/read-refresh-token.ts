import { badInput } from '@signet/service';

type RefreshTokenInput = { refreshToken?: string | null } | null | undefined;

/** @throws {RefusalError} input.refreshToken when the input has none. */
export function readRefreshToken(input: RefreshTokenInput): string {
  if (!input?.refreshToken) {
    throw badInput('refreshToken', 'Send the refresh token.');
  }
  return input.refreshToken;
}

/** What a second factor can be proven with, and, for staff who have none yet, what they can add. */
export const challengeMethods = [
  'totp',
  'passkey',
  'recovery_code',
  'enroll_totp',
  'enroll_passkey',
  'email',
] as const;
export type ChallengeMethod = (typeof challengeMethods)[number];

/** `extensions.challenge` of `auth.challenge_required`: what is asked for after a right password, before there is a session. */
export type Challenge = {
  /** 256 random bits. It opens nothing by itself. */
  id: string;
  methods: readonly ChallengeMethod[];
  /** RFC 3339. */
  expiresAt: string;
};

const idForm = /^[\w-]{43}$/;
const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** The challenge in the extensions of a subgraph's error. Undefined for anything else, and nothing beside its three fields passes. */
export function readChallenge(value: unknown): Challenge | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, methods, expiresAt } = value as Partial<Record<keyof Challenge, unknown>>;
  if (typeof id !== 'string' || !idForm.test(id)) return undefined;
  if (typeof expiresAt !== 'string' || !timeForm.test(expiresAt)) return undefined;
  if (!Array.isArray(methods) || methods.length === 0 || !methods.every(isChallengeMethod)) return undefined;
  return { id, methods: [...methods], expiresAt };
}

function isChallengeMethod(value: unknown): value is ChallengeMethod {
  return challengeMethods.includes(value as ChallengeMethod);
}

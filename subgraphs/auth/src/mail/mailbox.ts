import { databaseErrorToReason } from '@signet/db';
import {
  type MailboxMail,
  mailboxPath,
  maxMailboxMails,
  type Platform,
  platforms,
} from '@signet/schema/contract';
import { errorBody, RefusalError } from '@signet/service';
import type { ProofGate } from '@signet/subgraph';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { PlatformResources } from '../start-platform.ts';
import { createOutboxQueries } from './outbox.queries.ts';

const question = z.strictObject({ platform: z.enum(platforms) });

/**
 * Shows a platform's latest mails to the entrance `graph`, where they are kept instead of sent (which a production surface refuses). Where
 * mails are sent, the route is not there.
 */
export function registerMailbox(
  scope: FastifyInstance,
  gate: ProofGate,
  resourcesOf: (platform: Platform) => PlatformResources | undefined,
): void {
  if (!platforms.some((platform) => resourcesOf(platform)?.readMail)) return;
  scope.post(mailboxPath, async (request, reply) => {
    const { entrance } = gate.proofOf(request).sender;
    if (entrance !== 'graph') {
      const cause = new Error(`the entrance ${entrance} asks for the mailbox`);
      throw new RefusalError('auth.failure.proof_invalid', { cause });
    }
    const { success, data } = question.safeParse(request.body);
    if (!success) return reply.code(400).send(errorBody('This is no question for mails.', 'BAD_REQUEST'));
    const resources = resourcesOf(data.platform);
    if (!resources?.readMail) return reply.callNotFound();
    try {
      return { mails: await readMailbox(resources) };
    } catch (error) {
      throw databaseErrorToReason(error) === 'unavailable' ? new RefusalError('auth.unavailable') : error;
    }
  });
}

/** Newest first. Those that this process cannot read, of an earlier secret or release, are left out. */
async function readMailbox({ platform, database, readMail }: PlatformResources): Promise<MailboxMail[]> {
  const kept = await createOutboxQueries(database.db, platform).listKept(maxMailboxMails);
  const mails = await Promise.all(
    kept.map(async (mail) => {
      const read = await readMail?.(mail).catch(() => undefined);
      if (!read) return [];
      const { to, tenant, subject, text, html } = read;
      const { id, template, createdAt } = mail;
      return [
        { id, platform, tenant, to, template, subject, text, html, createdAt: createdAt.toISOString() },
      ];
    }),
  );
  return mails.flat();
}

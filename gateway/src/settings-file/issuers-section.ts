import { platforms } from '@signet/schema/contract';
import { z } from 'zod';

/* A stand-in until @signet/session has the section. */
export const issuersSchema = z.array(z.object({ issuer: z.string(), platform: z.enum(platforms) }));

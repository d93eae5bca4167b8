import { accountAttacks } from './account-attacks.ts';
import type { Attack } from './attack.ts';
import { browserAttacks } from './browser-attacks.ts';
import { httpAttacks } from './http-attacks.ts';
import { platformAttacks } from './platform-attacks.ts';
import { prototypeAttacks } from './prototype-attacks.ts';
import { schemaAttacks } from './schema-attacks.ts';
import { sizeAttacks } from './size-attacks.ts';
import { subgraphAttacks } from './subgraph-attacks.ts';
import { tokenAttacks } from './token-attacks.ts';

/** In this order: what slows down sign-ins from this address comes last. */
export const attacks: readonly Attack[] = [
  ...tokenAttacks,
  ...platformAttacks,
  ...subgraphAttacks,
  ...schemaAttacks,
  ...prototypeAttacks,
  ...browserAttacks,
  ...httpAttacks,
  ...sizeAttacks,
  ...accountAttacks,
];

import type { Command } from 'commander';
import type { Context } from './command.ts';
import { defineProofKeys } from './proof-keys.ts';

/** `signet keys` where there is no issuer of our own: only the keys of proofs. */
export function define(command: Command, context: Context): void {
  command.description('The keys by which a gateway and its subgraphs know each other.');
  defineProofKeys(command.command('proof'), context);
}

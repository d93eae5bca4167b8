import type { Finding } from './lab.ts';

/**
 * Faults of the planner that stay: docs/decisions/0036-planner-faults.md. Operations that end in one are counted, and are no difference: the
 * client gets an error.
 */
const knownFaults = [
  { name: 'the planner finds no way to a field', text: 'Was not able to find any options for' },
  { name: 'the planner finds no way to a field of a mutation', text: 'Was not able to plan mutation' },
  {
    name: 'the planner narrows a fragment by name to a type that no object there has',
    text: 'Cannot add fragment of condition',
  },
  {
    name: 'the planner narrows a fragment by name to a type that no object there has, under a condition',
    text: 'We should have an edge from',
  },
  {
    name: 'the planner leaves a fragment without selections',
    text: 'Invalid empty selection set for fragment',
  },
  { name: 'the planner puts fetches into a circle', text: 'adding it as parent would create a cycle' },
  { name: 'the planner has too many ways to a field', text: 'Too many options generated for' },
  {
    name: 'the planner gives fields of different types one key, below a condition on an interface that the subgraph lacks',
    text: 'conflict because they return conflicting types',
  },
];

/** Names the known fault that a difference comes from: the answer has its error. Undefined for any other. */
export function findKnownFault({ answer }: Finding): string | undefined {
  const messages = (answer.errors ?? []).map(({ message }) => message);
  return knownFaults.find(({ text }) => messages.some((message) => message.includes(text)))?.name;
}

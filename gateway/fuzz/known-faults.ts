/**
 * Operations that the planner refuses to plan, though they are valid: docs/decisions/0036-planner-faults.md. They are counted, and are no
 * difference: nothing is sent for them, and the client gets an error.
 */
const knownFaults = [
  { name: 'the planner finds no way to a field', text: 'Was not able to find any options for' },
  {
    name: 'the planner narrows a fragment to a type that no object there has',
    text: 'Cannot add fragment of condition',
  },
  { name: 'the planner has too many ways to a field', text: 'Too many options generated for' },
];

/** Names the known fault that a difference comes from. Undefined for any other. */
export function findKnownFault(difference: string): string | undefined {
  return difference.startsWith('the gateway threw')
    ? knownFaults.find(({ text }) => difference.includes(text))?.name
    : undefined;
}

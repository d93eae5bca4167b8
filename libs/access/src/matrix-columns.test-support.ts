const columns = [
  'field',
  'anonymous',
  'user',
  'support',
  'operations',
  'super_admin',
  'user service',
  'portal service',
  'impersonated',
  'rule',
  'subgraph',
];

/** The text of a matrix without the columns of roles that an installation has added to schema/contract. */
export function withoutAddedRoles(text: string): string {
  let kept: number[] = [];
  return text
    .split('\n')
    .map((line) => {
      if (!line.startsWith('| ')) return line;
      const cells = line.slice(2, -2).split(' | ');
      if (cells[0] === 'field')
        kept = [...cells.keys()].filter((index) => columns.includes(cells[index] ?? ''));
      return `| ${kept.map((index) => cells[index]).join(' | ')} |`;
    })
    .join('\n');
}

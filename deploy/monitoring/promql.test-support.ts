/** What an expression of PromQL asks for. */
export type PromqlNames = {
  metrics: string[];
  /** Matchers such as `outcome="failed"`, by metric. */
  matchers: { metric: string; label: string; operator: string; value: string }[];
  /** Labels in `by (…)`, `on (…)` and the like. */
  grouping: string[];
  /** Labels of the aggregation around the whole expression: the only ones of the result. Undefined where there is none. */
  resultLabels: string[] | undefined;
  /** Metrics inside `rate(…[…])` and `increase(…[…])`. */
  rated: string[];
};

const selector = /([a-zA-Z_:][\w:]*)\s*\{((?:[^}"]|"(?:[^"\\]|\\.)*")*)\}/g;
const matcher = /(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g;
const grouping = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const outermost =
  /^(?:\d+ \* )?(?:(?:histogram_quantile|topk)\([\d.]+, )*(?:sum|min|max|count) by \(([^)]*)\)/;
const keywords = new Set(['and', 'or', 'unless', 'bool', 'offset', 'sum', 'min', 'max', 'count', 'topk']);

/**
 * Reads the names in an expression: a reader by patterns for our own rules and panels, not a parser. It knows no comments, no
 * subqueries and no quoted metric names.
 */
export function readPromql(expression: string): PromqlNames {
  const matchers: PromqlNames['matchers'] = [];
  const groups: string[] = [];
  const rest = expression
    .replaceAll(selector, (_, metric: string, inside: string) => {
      for (const [, label = '', operator = '', value = ''] of inside.matchAll(matcher))
        matchers.push({ metric, label, operator, value });
      if (inside.replaceAll(matcher, '').replaceAll(/[\s,]/g, '') !== '')
        throw new SyntaxError(`labels that can't be read: {${inside}}`);
      return metric;
    })
    .replaceAll(grouping, (_, labels: string) => {
      groups.push(...words(labels));
      return ' ';
    });
  const rated = [...rest.matchAll(/\b(?:rate|increase)\(([\w:]+)\[/g)].map(([, name = '']) => name);
  const metrics = [...rest.replaceAll(/\[[^\]]*\]/g, ' ').matchAll(/[a-zA-Z_:][\w:]*(?!\w)(?!\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !keywords.has(name));
  const [, result] = outermost.exec(expression) ?? [];
  return {
    metrics: [...new Set(metrics)],
    matchers,
    grouping: [...new Set(groups)],
    resultLabels: result === undefined ? undefined : words(result),
    rated,
  };
}

function words(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

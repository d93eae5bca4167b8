/** Markup that is safe to send as it is. Only `html` and `jsonBlock` make it. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

type HtmlValue = string | number | Html | readonly Html[];

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Bundlers rewrite a template that holds this tag, so that it can stand in a page. */
export const endOfScript = new Html('</script>');

/** Every value is escaped for text and quoted attributes, unless it is `Html` itself. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(
    strings.reduce((markup, string, index) => `${markup}${render(values[index - 1] ?? '')}${string}`),
  );
}

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.markup;
  if (typeof value === 'object') return value.map((part) => part.markup).join('');
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/**
 * Data for a page's scripts, as a block that browsers do not run (so no CSP exception is needed).
 * `<`, `>` and `&` are escaped so that `</script>` and `<!--` in a value stay text; U+2028 and U+2029 for old parsers.
 */
export function jsonBlock(id: string, value: unknown): Html {
  const json = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return html`<script type="application/json" id="${id}">${new Html(json)}${endOfScript}`;
}

import { describe, expect, it } from 'vitest';
import { html, jsonBlock } from './html.ts';

describe('html', () => {
  it('escapes values for text and quoted attributes', () => {
    expect(html`<a title="${`"'<>&`}">${'</a><script>'}</a>`.markup).toBe(
      '<a title="&quot;&#39;&lt;&gt;&amp;">&lt;/a&gt;&lt;script&gt;</a>',
    );
  });

  it('keeps markup that it made itself, alone and in lists', () => {
    const items = ['a', '<b>'].map((name) => html`<li>${name}</li>`);
    expect(html`<ul>${items}</ul>`.markup).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>');
  });
});

describe('jsonBlock', () => {
  const value = { text: '</script><!--<script>&\u2028\u2029"' };
  const { markup } = jsonBlock('config', value);
  const content = markup.slice(markup.indexOf('>') + 1, markup.lastIndexOf('<'));

  it('cannot be left from inside', () => {
    expect(content).not.toMatch(/[<>&\u2028\u2029]/);
  });

  it('says what was put in', () => {
    expect(JSON.parse(content)).toEqual(value);
  });
});

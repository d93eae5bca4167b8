import { describe, expect, it } from 'vitest';
import { readFullName } from './account-input.ts';

describe('readFullName', () => {
  it('is empty for a name that shows nothing', () => {
    for (const name of [undefined, null, '', '  ', '\u200b\u2060', ' \u3164\u00ad']) {
      expect(readFullName(name)).toBe('');
    }
    expect(readFullName(' Ada \u2764\ufe0f ')).toBe('Ada \u2764\ufe0f');
  });
});

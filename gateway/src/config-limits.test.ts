import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '@signet/service';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { limitFields } from './config.ts';
import { defaultLimits } from './limits/documents.test-support.ts';
import { refuseExcess } from './limits/refuse-excess.ts';

const schema = z.object(limitFields);

describe('the variables of the limits', () => {
  it('are documented with their defaults and reasons', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/limits.md'), 'utf8');
    const documented = [...text.matchAll(/^\| `(LIMIT_\w+)` \| (\d+) \| `([\w.]+)` \|/gm)].map(
      ([, name, value, reason]) => [name, Number(value), reason],
    );
    const coded = Object.entries(defaultLimits).map(([name, value]) => [name, value, reasonOf(name)]);
    expect(documented).toEqual(coded);
  });

  it.each(['0', '-1', '1.5', '1e3', 'none', '9999999999'])('take no %j', (value) => {
    expect(() => loadConfig(schema, { LIMIT_COST: value })).toThrow(ConfigError);
  });

  it('take any number from 1', () => {
    expect(loadConfig(schema, { LIMIT_COST: '1', LIMIT_DEPTH: '' })).toEqual({
      ...defaultLimits,
      LIMIT_COST: 1,
    });
  });
});

function reasonOf(name: string): string | undefined {
  try {
    refuseExcess(defaultLimits, name as keyof typeof defaultLimits, Number.POSITIVE_INFINITY);
  } catch (error) {
    return (error as { reason?: string }).reason;
  }
}

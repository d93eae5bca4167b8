import { expect, test } from 'vitest';
import { isOpenToOthers } from './follow-key-files.ts';

const file = (mode: number, uid: number) => ({ mode: 0o100000 | mode, uid });

test.each([
  ['its own, closed', file(0o600, 1000), 1000, false],
  ['its own, open to the group', file(0o640, 1000), 1000, true],
  ["root's, open to the group, as Kubernetes mounts a secret", file(0o440, 0), 1000, false],
  ["root's, writable by the group", file(0o460, 0), 1000, true],
  ["root's, open to everybody", file(0o444, 0), 1000, true],
  ["root's, open to the group, read by root", file(0o440, 0), 0, true],
  ["another user's, open to the group", file(0o440, 1001), 1000, true],
])('a private key that is %s', (_case, stat, processUid, isOpen) => {
  expect(isOpenToOthers(stat, processUid)).toBe(isOpen);
});
